import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { latencyFilter } from '../../../../src/lib/proxy/filters/latency.ts';
import type { DelaySpec } from '../../../../src/lib/proxy/filters/distribution.ts';
import { temporaryDirectory } from '../../../support/temp.ts';
import { requestView } from '../requests.ts';
import { delayCdf, ksDistance } from './distributions.ts';
import { DatagramDriver, diceOf, openDatagrams, openStream, StreamDriver } from './machine-driver.ts';

const request = requestView('GET', '/');
const DRAWS = 2000;
const KS_LIMIT = 0.05;

/** The delays of as many requests, and of as many chunks. */
function drawn(params: unknown): { requests: number[]; chunks: number[] } {
  const { filter } = latencyFilter.bind(params);
  const machine = openStream(latencyFilter, params);
  const indices = Array.from({ length: DRAWS }, (_, i) => i);
  return {
    requests: indices.map((i) => {
      const action = filter.request?.onRequest(request, diceOf(i));
      return action?.do === 'delay' ? action.delayMs : NaN;
    }),
    chunks: indices.map((i) => {
      const [action] = machine.onChunk(Buffer.from('x'), 1000, diceOf(i));
      return action?.do === 'pass' ? action.atMs - 1000 : NaN;
    }),
  };
}

describe('latency', () => {
  it('without a stream delays requests, and what the service sends on other connections', () => {
    const { filter, requested } = latencyFilter.bind({ delay: '1m30s', jitter: '0ms' });
    expect(requested).toEqual({ delayMs: 90_000, jitterMs: 0, distribution: 'uniform', percent: 100 });
    expect(filter.request?.onRequest(request, diceOf(0))).toEqual({ do: 'delay', delayMs: 90_000 });
    expect(filter.stream?.on).toBe('raw');
    expect(filter.stream?.open('upstream', diceOf(0), undefined)).toBeUndefined();
    expect(filter.datagram?.open('upstream', diceOf(0), undefined)).toBeUndefined();
    expect(filter.datagram?.open('downstream', diceOf(0), undefined)).toBeDefined();
  });

  it.each([
    ['upstream', true, false],
    ['downstream', false, true],
    ['both', true, true],
  ] as const)('with stream %s delays the bytes of any connection and no request', (stream, up, down) => {
    const { filter, requested } = latencyFilter.bind({ delay: '1s', stream });
    expect(requested).toMatchObject({ stream });
    expect(filter.request).toBeUndefined();
    expect(filter.stream?.on).toBe('any');
    const opens = (direction: 'upstream' | 'downstream'): boolean[] =>
      [filter.stream, filter.datagram].map((part) => part?.open(direction, diceOf(0), undefined) !== undefined);
    expect([opens('upstream'), opens('downstream')]).toEqual([
      [up, up],
      [down, down],
    ]);
  });

  it('costs time and not throughput: each chunk has its own delay, and the end comes behind the last', () => {
    const driver = new StreamDriver(openStream(latencyFilter, { delay: '100ms' }));
    driver.push(1).advance(10).push(2).advance(10).push(3).end().advance(1000);
    expect(driver.times).toEqual([100, 110, 120]);
    expect(driver.pieces).toEqual([1, 2, 3]);
    expect(driver.ending).toMatchObject({ what: 'end', atMs: 120 });
    expect(driver.flags.delayed).toBe(3);
  });

  it('keeps the order of chunks whatever the jitter', () => {
    const driver = new StreamDriver(openStream(latencyFilter, { delay: '100ms', jitter: '100ms' }));
    for (let i = 0; i < 500; i++) driver.push(Buffer.from(`${i};`)).advance(1);
    driver.end().advance(1000);
    expect(driver.passed.toString()).toBe(Array.from({ length: 500 }, (_, i) => `${i};`).join(''));
    expect(driver.times).toEqual(driver.times.toSorted((a, b) => a - b));
  });

  it('lets everything go when it is taken away', () => {
    const driver = new StreamDriver(openStream(latencyFilter, { delay: '10m' }));
    driver.push(5).push(6).end().advance(7).remove();
    expect(driver.times).toEqual([7, 7]);
    expect(driver.ending).toMatchObject({ what: 'end', atMs: 7 });
  });

  it('delays datagrams, each for itself', () => {
    const driver = new DatagramDriver(openDatagrams(latencyFilter, { delay: '50ms', jitter: '50ms' }));
    for (let i = 0; i < 100; i++) driver.push(`${i};`);
    driver.advance(100);
    expect(driver.outputs).toHaveLength(100);
    expect(driver.text).not.toBe(Array.from({ length: 100 }, (_, i) => `${i};`).join(''));
  });

  it.each<DelaySpec>([
    { distribution: 'uniform', delayMs: 300, jitterMs: 80 },
    { distribution: 'normal', delayMs: 300, jitterMs: 30 },
    { distribution: 'pareto', delayMs: 300, jitterMs: 30 },
  ])('has delays that are spread as asked ($distribution)', (spec) => {
    const { requests, chunks } = drawn({
      delay: '300ms',
      jitter: `${'jitterMs' in spec ? spec.jitterMs : 0}ms`,
      distribution: spec.distribution,
    });
    expect(ksDistance(requests, delayCdf(spec))).toBeLessThanOrEqual(KS_LIMIT);
    expect(ksDistance(chunks, delayCdf(spec))).toBeLessThanOrEqual(KS_LIMIT);
  });

  it('has delays that are spread as samples are', () => {
    const samples = join(temporaryDirectory(), 'delays.txt');
    writeFileSync(samples, '5\n10\n11\n12\n90\n400\n2s\n');
    const params = { distribution: 'empirical', samples };
    const { requests, chunks } = drawn(params);
    const cdf = delayCdf({ distribution: 'empirical', sortedMs: Float64Array.of(5, 10, 11, 12, 90, 400, 2000) });
    expect(ksDistance(requests, cdf)).toBeLessThanOrEqual(KS_LIMIT);
    expect(ksDistance(chunks, cdf)).toBeLessThanOrEqual(KS_LIMIT);
    expect(latencyFilter.bind(params).requested).toEqual({ distribution: 'empirical', samples, percent: 100 });
  });

  it.each<[object, string]>([
    [{ delay: '11m' }, 'delay'],
    [{ delay: 300 }, 'delay'],
    [{ delay: '-1s' }, 'delay'],
    [{ jitter: '4611686018427387905ms' }, 'jitter'],
    [{ distribution: 'zipf' }, 'distribution'],
    [{ distribution: 'empirical' }, 'samples'],
    [{ samples: 'a.txt' }, 'samples'],
    [{ distribution: 'empirical', samples: '' }, 'samples'],
    [{ distribution: 'empirical', samples: 'a.txt', delay: '1s' }, 'delay'],
    [{ distribution: 'empirical', samples: 'a.txt', jitter: '1s' }, 'jitter'],
    [{ stream: 'sideways' }, 'stream'],
  ])('refuses %j, and says where', (params, path) => {
    expect(latencyFilter.params.safeParse(params).error?.issues[0]?.path).toEqual([path]);
  });

  it('names the parameters that are files', () => {
    expect(latencyFilter.fileParams).toEqual(['samples']);
  });

  it.each([
    [{ stream: 'upstream' }, 'http', false],
    [{ match: { path: '/' } }, 'http', false],
    [{ match: { path: '/' } }, 'tcp', true],
    [{ match: { path: '/' } }, 'udp', true],
    [{ match: { path: '/' }, stream: 'both' }, 'http', true],
    [{ match: { source: '::1' } }, 'udp', false],
  ] as const)('means nothing with %j on %s: %s', (params, protocol, misfits) => {
    expect(latencyFilter.misfit(params, protocol) !== undefined).toBe(misfits);
  });
});
