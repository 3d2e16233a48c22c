import { describe, expect, it } from 'vitest';
import { createDice } from '../../../../src/lib/proxy/dice.ts';
import { abortFilter } from '../../../../src/lib/proxy/filters/abort.ts';
import { errorFilter } from '../../../../src/lib/proxy/filters/error.ts';
import { latencyFilter } from '../../../../src/lib/proxy/filters/latency.ts';
import { requestView } from '../requests.ts';

const dice = createDice({ seed: 1, fault: 'f', key: 'k', index: 0 });
const request = requestView('GET', '/');

describe('latency', () => {
  it('delays requests, and watches connections to delay the chunks of one direction', () => {
    const { filter, requested } = latencyFilter.bind({ delay: '1m30s', jitter: '0ms' });
    expect(requested).toEqual({ delayMs: 90_000, jitterMs: 0, distribution: 'uniform', percent: 100 });
    expect(filter.onRequest?.(request, dice)).toEqual({ do: 'delay', delayMs: 90_000 });
    expect(filter.onConnection?.(dice)).toEqual({ do: 'watch' });
    expect(filter.onChunk?.({ bytes: 1, direction: 'downstream' }, dice)).toEqual({ do: 'delay', delayMs: 90_000 });
    expect(filter.onChunk?.({ bytes: 1, direction: 'upstream' }, dice)).toBeUndefined();
    const up = latencyFilter.bind({ delay: '1s', stream: 'upstream' }).filter;
    expect(up.onChunk?.({ bytes: 1, direction: 'upstream' }, dice)).toEqual({ do: 'delay', delayMs: 1000 });
    expect(up.onChunk?.({ bytes: 1, direction: 'downstream' }, dice)).toBeUndefined();
  });

  it.each([
    { delay: '11m' },
    { delay: 300 },
    { delay: '-1s' },
    { jitter: '4611686018427387905ms' },
    { distribution: 'zipf' },
    { percent: '700%' },
    { percent: '-1%' },
    { stream: 'both' },
    { latency: '1s' },
  ])('refuses %j (C5, C7)', (params) => {
    expect(() => latencyFilter.bind(params)).toThrow();
  });
});

describe('error', () => {
  it('answers 503 without a body unless told otherwise', () => {
    const { filter } = errorFilter.bind({});
    expect(filter.onRequest?.(request, dice)).toEqual({
      do: 'respond',
      status: 503,
      headers: [],
      body: Buffer.alloc(0),
    });
    expect(filter).not.toHaveProperty('onConnection');
  });

  it('sends a body as plain text unless a type is given', () => {
    const headersOf = (params: unknown): unknown => {
      const action = errorFilter.bind(params).filter.onRequest?.(request, dice);
      return action?.do === 'respond' ? action.headers : undefined;
    };
    expect(headersOf({ body: 'x' })).toEqual([['content-type', 'text/plain; charset=utf-8']]);
    expect(headersOf({ body: '{}', headers: { 'Content-Type': 'application/json' } })).toEqual([
      ['Content-Type', 'application/json'],
    ]);
  });

  it.each([
    { status: 200 },
    { status: 600 },
    { status: 503.5 },
    { status: '503' },
    { body: 5 },
    { headers: { 'X-A': 'b\r\nX-C: d' } },
    { headers: { 'X-A': 'b\nX-C: d' } },
    { headers: { 'X-A': 'b\0' } },
    { headers: { 'X-A\r\nX-C': 'd' } },
    { headers: { 'X-A': '\u0100' } },
    { headers: { 'Content-Length': '5' } },
    { headers: { 'transfer-encoding': 'chunked' } },
    { headers: { Connection: 'close' } },
    { headers: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`x-${i}`, ''])) },
    { body: 'x'.repeat(2 ** 20 + 1) },
  ])('refuses %.60j', (params) => {
    expect(() => errorFilter.bind(params)).toThrow();
  });
});

describe('abort', () => {
  it('resets requests and connections', () => {
    const { filter } = abortFilter.bind({});
    expect(filter.onRequest?.(request, dice)).toEqual({ do: 'reset' });
    expect(filter.onConnection?.(dice)).toEqual({ do: 'reset' });
  });
});

describe('parameters that mean nothing on a protocol', () => {
  it.each([
    [latencyFilter, { stream: 'upstream' }, 'http', true],
    [latencyFilter, { stream: 'upstream' }, 'tcp', false],
    [latencyFilter, { match: { path: '/' } }, 'tcp', true],
    [latencyFilter, { match: { path: '/' } }, 'http', false],
    [abortFilter, { match: {} }, 'tcp', true],
    [abortFilter, {}, 'tcp', false],
    [errorFilter, { match: {} }, 'http', false],
  ] as const)('$0.kind %j on %s: %s', (kind, params, protocol, misfits) => {
    expect(kind.misfit(params, protocol) !== undefined).toBe(misfits);
  });
});
