import { describe, expect, it } from 'vitest';
import { Chain, decideMessage, type RequestVerdict } from '../../../src/lib/proxy/chain.ts';
import type { Filter, MessageAction, RequestAction } from '../../../src/lib/proxy/filter.ts';
import type { InstalledFilter } from '../../../src/lib/proxy/installed-filter.ts';
import { install } from './install.ts';
import { connectionView, requestView } from './requests.ts';

const DELAY: RequestAction = { do: 'delay', delayMs: 5 };
const RESPOND: RequestAction = { do: 'respond', status: 503, headers: [], body: Buffer.alloc(0) };
const RESET: RequestAction = { do: 'reset' };
const EDIT: RequestAction = { do: 'edit', request: { path: '/b' } };
const PACE: RequestAction = { do: 'pace', direction: 'downstream', open: () => ({ onChunk: () => [] }) };
const statusAfter = (afterMessages: number): RequestAction => ({
  do: 'grpc-status',
  code: 14,
  message: '',
  details: undefined,
  afterMessages,
});

const client = connectionView(1);

function chainOf(...actions: readonly (RequestAction | undefined)[]): [Chain, readonly InstalledFilter[]] {
  const chain = new Chain();
  const filters = actions.map((action, i) => install(`f${i}`, { request: { onRequest: () => action } }));
  for (const filter of filters) chain.add(filter);
  return [chain, filters];
}

const ask = (chain: Chain, sort: 'http1' | 'http2' | 'grpc' = 'http1'): RequestVerdict | undefined =>
  chain.decideRequest(requestView('GET', '/'), client, sort, 0);

const seenBy = (filters: readonly InstalledFilter[]): number[] =>
  filters.map((filter) => filter.effect().decisions.seen);

describe('a chain of filters', () => {
  it('lets a request pass that no filter wants', () => {
    expect(ask(chainOf(undefined, undefined)[0])).toBeUndefined();
    expect(ask(new Chain())).toBeUndefined();
  });

  it.each([RESPOND, RESET, statusAfter(0)])('gathers delays in order, and ends at the first $do', (ending) => {
    const [chain, filters] = chainOf(DELAY, undefined, DELAY, ending, DELAY);
    const verdict = ask(chain);
    expect(verdict?.delays.map(({ by }) => by.id)).toEqual(['f0', 'f2']);
    expect(verdict?.end?.action).toBe(ending);
    expect(seenBy(filters)).toEqual([1, 1, 1, 1, 0]);
  });

  it('goes on behind edits, paces, and endings that wait for messages', () => {
    const [chain, filters] = chainOf(EDIT, PACE, statusAfter(3), EDIT);
    const verdict = ask(chain);
    expect(verdict?.edits.map(({ by }) => by.id)).toEqual(['f0', 'f3']);
    expect(verdict?.paces.map(({ by }) => by.id)).toEqual(['f1']);
    expect(verdict?.later.map(({ by }) => by.id)).toEqual(['f2']);
    expect(verdict?.end).toBeUndefined();
    expect(seenBy(filters)).toEqual([1, 1, 1, 1]);
  });

  it('asks only those that are for this sort of request', () => {
    const chain = new Chain();
    const filters = [undefined, 'http2', 'grpc'].map((only) =>
      install(String(only), {
        request: { ...(only === undefined ? {} : { only: only as 'http2' | 'grpc' }), onRequest: () => DELAY },
      }),
    );
    for (const filter of filters) chain.add(filter);
    for (const sort of ['http1', 'http2', 'grpc'] as const) ask(chain, sort);
    expect(seenBy(filters)).toEqual([3, 2, 1]);
  });

  it('forgets a filter that is removed, and tells it so', () => {
    const [chain, [first, second]] = chainOf(DELAY, RESET);
    expect(chain.remove('f0')).toBe(first);
    expect(chain.remove('f0')).toBeUndefined();
    expect([chain.lookup('f0'), chain.lookup('f1')]).toEqual([undefined, second]);
    expect([first?.isRemoved, second?.isRemoved]).toEqual([true, false]);
    expect(ask(chain)?.delays).toEqual([]);
  });

  it('knows which filters act where, also after one has taken other parameters', () => {
    const chain = new Chain();
    const layers: readonly Filter[] = [
      { request: { onRequest: () => DELAY } },
      { stream: { on: 'any', open: () => undefined } },
      { message: { on: 'grpc', onMessage: () => undefined } },
      { message: { on: 'websocket', onMessage: () => undefined } },
      { datagram: { open: () => undefined } },
    ];
    for (const [i, filter] of layers.entries()) chain.add(install(`f${i}`, filter));
    const places = (): unknown[] => [
      chain.actsOnRequests,
      chain.ofStreams.map(({ id }) => id),
      chain.ofMessages('grpc').map(({ id }) => id),
      chain.ofMessages('websocket').map(({ id }) => id),
      chain.ofDatagrams.map(({ id }) => id),
    ];
    expect(places()).toEqual([true, ['f1'], ['f2'], ['f3'], ['f4']]);
    chain.lookup('f0')?.retune({ filter: layers[1] ?? {}, scope: { percent: 100 }, requested: {} });
    chain.sort();
    expect(places()).toEqual([false, ['f0', 'f1'], ['f2'], ['f3'], ['f4']]);
  });
});

describe('a message', () => {
  const at = { request: requestView('POST', '/a.B/c'), connection: client, nowMs: 0 };
  const message = { direction: 'upstream', ordinal: 0, kind: 'grpc' } as const;
  const on = (id: string, action: MessageAction | undefined, direction?: 'upstream' | 'downstream'): InstalledFilter =>
    install(id, { message: { on: 'grpc', direction, onMessage: () => action } });

  it('is delayed, doubled and dropped by the filters in their order, up to the first that ends it', () => {
    const filters = [
      on('a', { do: 'delay', delayMs: 1 }),
      on('b', undefined),
      on('c', { do: 'duplicate' }),
      on('d', { do: 'drop' }),
      on('e', { do: 'delay', delayMs: 2 }),
    ];
    const verdict = decideMessage(filters, at, message, () => 'k');
    expect(verdict?.delays.map(({ by }) => by.id)).toEqual(['a']);
    expect(verdict?.duplicates.map(({ id }) => id)).toEqual(['c']);
    expect(verdict?.end?.by.id).toBe('d');
    expect(seenBy(filters)).toEqual([1, 1, 1, 1, 0]);
  });

  it('of the other direction, or another call, is not offered or not meant', () => {
    const other = on('other', { do: 'drop' }, 'downstream');
    const elsewhere = install(
      'elsewhere',
      { message: { on: 'grpc', onMessage: () => ({ do: 'drop' }) } },
      { match: { path: '/x/*' } },
    );
    expect(decideMessage([other, elsewhere], at, message, () => 'k')).toBeUndefined();
    expect([other.account.offered, elsewhere.account.offered, elsewhere.account.seen]).toEqual([0, 1, 0]);
  });

  it('is numbered within its call: the second is the second of each', () => {
    const filter = install('f', { message: { on: 'grpc', onMessage: () => ({ do: 'drop' }) } }, { nth: 2 });
    const hits = ['call 1', 'call 2'].flatMap((key) =>
      [0, 1, 2].map((ordinal) => decideMessage([filter], at, { ...message, ordinal }, () => key) !== undefined),
    );
    expect(hits).toEqual([false, true, false, false, true, false]);
  });
});
