import { describe, expect, it } from 'vitest';
import {
  LinkPool,
  MAX_AGE_MS,
  MAX_IDLE_LINKS,
  MAX_IDLE_MS,
  MAX_IDLE_ONCE_MS,
  SWEEP_MS,
  type PooledLink,
} from '../../../../../src/lib/proxy/engine/http1/link-pool.ts';
import type { LinkOwner } from '../../../../../src/lib/proxy/engine/upstream-link.ts';
import type { Destination } from '../../../../../src/lib/proxy/protection.ts';
import { FakeClock } from '../../../../../src/lib/runtime/fake-clock.ts';

class FakeLink implements PooledLink {
  readonly host: string;
  readonly port: number;
  readonly destination: Destination | undefined;
  readonly serverName: string | undefined;
  readonly openedMs: number;
  isReusable = true;
  wasUsed = false;
  owner: LinkOwner | undefined;
  isPaused = true;
  isDestroyed = false;

  constructor(destination: Destination | undefined, openedMs = 0, serverName?: string) {
    this.host = destination?.host ?? 'h';
    this.port = destination?.port ?? 1;
    this.destination = destination;
    this.openedMs = openedMs;
    this.serverName = serverName;
  }

  handTo(owner: LinkOwner): void {
    this.owner = owner;
  }

  resume(): void {
    this.isPaused = false;
  }

  destroy(): void {
    this.isDestroyed = true;
    this.owner = undefined;
  }
}

const OWNER: LinkOwner = {
  onLinkData: () => true,
  onLinkEnd: () => undefined,
  onLinkDrain: () => undefined,
  onLinkLost: () => undefined,
};
const REPEATABLE = { serverName: undefined, isRepeatable: true };
const ONCE = { serverName: undefined, isRepeatable: false };

function destination(port = 1, more: Partial<Destination> = {}): Destination {
  const health = { weight: 1, isHealthy: true, inFlight: 0, healthySinceMs: -Infinity };
  return { id: String(port), host: 'h', port, ...health, ...more };
}

function create(...list: Destination[]) {
  const clock = new FakeClock();
  const table = [...list];
  const pool = new LinkPool<FakeLink>(clock, () => table);
  const park = (to: Destination | undefined, serverName?: string): FakeLink => {
    const link = new FakeLink(to, clock.monotonicMs(), serverName);
    pool.park(link);
    return link;
  };
  return { clock, pool, table, park };
}

describe('a link that was given back', () => {
  it('goes to whoever asks for its endpoint next, and to nobody else', () => {
    const [a, b] = [destination(1), destination(2)];
    const { pool, park } = create(a, b);
    const link = park(a);
    expect([link.isPaused, link.wasUsed, pool.size]).toEqual([false, true, 1]);
    expect(pool.take(b, REPEATABLE, OWNER)).toBeUndefined();
    expect(pool.take(a, REPEATABLE, OWNER)).toBe(link);
    expect(link.owner).toBe(OWNER);
    expect(pool.take(a, REPEATABLE, OWNER)).toBeUndefined();
  });

  it('is taken before those that have waited longer', () => {
    const a = destination();
    const { pool, park } = create(a);
    const links = [park(a), park(a), park(a)];
    expect([1, 2, 3].map(() => pool.take(a, REPEATABLE, OWNER))).toEqual(links.toReversed());
  });

  it.each<[string, (owner: LinkOwner) => unknown]>([
    ['ends', (owner) => owner.onLinkEnd()],
    ['breaks', (owner) => owner.onLinkLost({ during: 'use', wasUsed: true, broken: true })],
    ['sends something that nobody has asked for', (owner) => owner.onLinkData(Buffer.from('x'))],
  ])('is closed when the service %s', (_, tell) => {
    const a = destination();
    const { pool, park } = create(a);
    const [first, second] = [park(a), park(a)];
    tell(first.owner!);
    expect([first.isDestroyed, second.isDestroyed, pool.size]).toEqual([true, false, 1]);
    expect(pool.take(a, REPEATABLE, OWNER)).toBe(second);
  });

  it.each<[string, (link: FakeLink) => FakeLink]>([
    ['has bytes left to be written', (link) => Object.assign(link, { isReusable: false })],
    ['is too old', ({ destination: to }) => new FakeLink(to, -MAX_AGE_MS - 1)],
    ['goes nobody knows where', () => new FakeLink(undefined)],
    ['leads to where its endpoint was', ({ destination: to }) => Object.assign(new FakeLink(to), { port: 7 })],
  ])('is closed when it %s', (_, change) => {
    const a = destination();
    const { pool } = create(a);
    const link = change(new FakeLink(a));
    pool.park(link);
    expect([link.isDestroyed, pool.size]).toEqual([true, 0]);
  });

  it('is not taken once its endpoint has moved', () => {
    const a = { ...destination() };
    const { pool, park } = create(a);
    const link = park(a);
    Object.assign(a, { port: 2 });
    expect(pool.take(a, REPEATABLE, OWNER)).toBeUndefined();
    expect(link.isDestroyed).toBe(true);
  });

  it('serves over TLS only clients that ask for the same name', () => {
    const a = destination(1, { tls: true });
    const { pool, park } = create(a);
    const [one, other] = [park(a, 'one.test'), park(a, 'other.test')];
    expect(pool.take(a, { serverName: 'third.test', isRepeatable: true }, OWNER)).toBeUndefined();
    expect(pool.take(a, { serverName: 'one.test', isRepeatable: true }, OWNER)).toBe(one);
    expect(pool.take(a, { serverName: 'other.test', isRepeatable: true }, OWNER)).toBe(other);
  });
});

describe('links that wait', () => {
  it('are closed after a while, and then nothing is left to be done', async () => {
    const a = destination();
    const { clock, pool, park } = create(a);
    const link = park(a);
    await clock.advance(MAX_IDLE_MS);
    expect(link.isDestroyed).toBe(false);
    await clock.advance(SWEEP_MS);
    expect([link.isDestroyed, pool.size, clock.pending]).toEqual([true, 0, 0]);
  });

  it('are not taken for what cannot be sent twice once they may have been closed', async () => {
    const a = destination();
    const { clock, pool, park } = create(a);
    const link = park(a);
    await clock.advance(MAX_IDLE_ONCE_MS + 1);
    expect(pool.take(a, ONCE, OWNER)).toBeUndefined();
    expect(pool.take(a, REPEATABLE, OWNER)).toBe(link);
  });

  it('are bounded in number: the oldest makes room', () => {
    const a = destination();
    const { pool, park } = create(a);
    const links = Array.from({ length: MAX_IDLE_LINKS + 1 }, () => park(a));
    expect([pool.size, links[0]!.isDestroyed, links[1]!.isDestroyed]).toEqual([MAX_IDLE_LINKS, true, false]);
  });

  it.each<[string, (at: Destination, table: Destination[]) => void]>([
    ['ill', (at) => (at.isHealthy = false)],
    ['drained', (at) => (at.weight = 0)],
    ['gone', (_, table) => table.splice(0, 1)],
  ])('are closed when their endpoint is %s, and not the others', async (_, change) => {
    const [a, b] = [destination(1), destination(2)];
    const { clock, park, table } = create(a, b);
    await clock.advance(1);
    const [link, other] = [park(a), park(b)];
    change(a, table);
    await clock.advance(2 * SWEEP_MS);
    expect([link.isDestroyed, other.isDestroyed]).toEqual([true, false]);
  });

  it('stay with an endpoint that is ill and asked all the same, since health is ignored', async () => {
    const a = destination(1, { isHealthy: false });
    const { clock, pool, park } = create(a);
    const link = park(a);
    for (let i = 0; i < 8; i++) {
      await clock.advance(SWEEP_MS);
      expect(pool.take(a, REPEATABLE, OWNER)).toBe(link);
      pool.park(link);
    }
  });

  it('are closed with the pool, and so is what comes back later', () => {
    const a = destination();
    const { clock, pool, park } = create(a);
    const links = [park(a)];
    pool.close();
    links.push(park(a));
    expect(links.map(({ isDestroyed }) => isDestroyed)).toEqual([true, true]);
    expect([pool.size, clock.pending]).toEqual([0, 0]);
  });
});
