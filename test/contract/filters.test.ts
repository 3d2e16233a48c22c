import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Dice, FilterKind } from '../../src/lib/proxy/filter.ts';
import { FILTER_KINDS, lookupFilterKind } from '../../src/lib/proxy/filter-registry.ts';
import { InstalledFilter } from '../../src/lib/proxy/installed-filter.ts';
import { hashFraction } from '../../src/lib/runtime/chance.ts';
import { requestView } from '../lib/proxy/requests.ts';

/** What every kind of filter must hold to, before its author writes a test. */

const KEYS = 20_000;
const request = requestView('GET', '/a', { host: 'x' });

interface Tally {
  readonly hits: ReadonlySet<string>;
  readonly seen: number;
  readonly digest: string;
}

/** Throws a filter's dice for every key, as requests or as connections. */
function decide(kind: FilterKind, params: unknown, seed: number, keys: readonly string[]): Tally {
  const protocol = kind.protocols[0] ?? 'http';
  const filter = new InstalledFilter({ id: 'fault-1', kind: kind.kind, seed, protocol, ...kind.bind(params) });
  const hits = new Set<string>();
  for (const key of keys) {
    const hit = protocol === 'http' ? filter.decideRequest(request, () => key) : filter.decideConnection()?.action;
    if (hit !== undefined) hits.add(key);
  }
  const { seen, digest } = filter.effect().decisions;
  return { hits, seen, digest };
}

const keysOf = (count: number): string[] => Array.from({ length: count }, (_, i) => `key ${i}`);
const keys = keysOf(KEYS);

it('every kind has its own name, and is found by it', () => {
  expect(new Set(FILTER_KINDS.map(({ kind }) => kind)).size).toBe(FILTER_KINDS.length);
  for (const kind of FILTER_KINDS) expect(lookupFilterKind(kind.kind)).toBe(kind);
  expect(lookupFilterKind('nothing')).toBeUndefined();
});

describe.each(FILTER_KINDS)('filter $kind', (kind) => {
  it('can do without parameters, says what it is, and acts on something', () => {
    expect(() => kind.bind({})).not.toThrow();
    expect(kind.summary).toMatch(/^[a-z].{20,120}[^.]$/);
    expect(kind.protocols.length).toBeGreaterThan(0);
    const { filter } = kind.bind({});
    expect(filter.onRequest !== undefined).toBe(kind.protocols.includes('http'));
    expect(filter.onConnection !== undefined).toBe(kind.protocols.includes('tcp'));
  });

  it('refuses unknown parameters by name', () => {
    const result = kind.params.safeParse({ percentt: '5%' });
    expect(result.error?.issues.map(({ message }) => message).join()).toContain('percentt');
  });

  it.each([
    null,
    undefined,
    5,
    'x',
    [],
    { percent: 5 },
    { percent: '101%' },
    { percent: '-1%' },
    { match: { pat: '/' } },
  ])('refuses %j', (params) => {
    expect(kind.params.safeParse(params).success).toBe(false);
  });

  it('has a JSON Schema in the written form, in which nothing is unknown', () => {
    const schema = z.toJSONSchema(kind.params, { io: 'input' });
    expect(schema).toMatchObject({ type: 'object', additionalProperties: false });
    expect(schema.properties).toHaveProperty('percent');
    expect(schema.required ?? []).toEqual([]);
  });

  it('reports the parameters in base units, as plain data', () => {
    const { requested } = kind.bind({ percent: '12.5%', match: { method: 'GET', path: '/**', headers: { a: 'b' } } });
    expect(JSON.parse(JSON.stringify(requested))).toEqual(requested);
    expect(requested).toMatchObject({ percent: 12.5, match: { method: 'GET', path: '/**', headers: { a: 'b' } } });
  });

  it('never acts at 0 %, always at 100 %', () => {
    expect(decide(kind, { percent: '0%' }, 1, keys).hits.size).toBe(0);
    expect(decide(kind, { percent: '100%' }, 1, keys).hits.size).toBe(KEYS);
    const { filter } = kind.bind({ percent: '0%' });
    for (const fraction of [0, 0.5, 1 - 2 ** -53]) {
      const dice: Dice = { fraction: () => fraction };
      expect([filter.onRequest?.(request, dice), filter.onConnection?.(dice)]).toEqual([undefined, undefined]);
    }
  });

  it.each([30, 1, 0.1])('acts on %d % within what chance allows', (percent) => {
    const { hits, seen } = decide(kind, { percent: `${percent}%` }, 1, keys);
    const expected = (KEYS * percent) / 100;
    // Five standard deviations of the binomial distribution: one false alarm in two million.
    const allowed = 5 * Math.sqrt(expected * (1 - percent / 100));
    expect(Math.abs(hits.size - expected)).toBeLessThan(allowed);
    expect(seen).toBe(KEYS);
  });

  it('takes the same decisions for the same seed in any order, and others for another seed', () => {
    const shuffled = keys.toSorted((a, b) => hashFraction('shuffle', a) - hashFraction('shuffle', b));
    const first = decide(kind, { percent: '30%' }, 42, keys);
    const second = decide(kind, { percent: '30%' }, 42, shuffled);
    const other = decide(kind, { percent: '30%' }, 43, keys);
    expect(second.digest).toBe(first.digest);
    expect(second.hits).toEqual(first.hits);
    expect(other.digest).not.toBe(first.digest);
  });

  it('gives the same action for the same dice', () => {
    const dice: Dice = { fraction: (salt) => hashFraction('fixed', salt) };
    const act = (): unknown => {
      const { filter } = kind.bind({});
      return [filter.onRequest?.(request, dice), filter.onConnection?.(dice)];
    };
    expect(act()).toEqual(act());
  });

  it('acts only on requests that match', () => {
    const { filter } = kind.bind({ match: { path: '/b/*' } });
    const actsOnHttp = kind.protocols.includes('http');
    expect(filter.matches?.(request)).toBe(actsOnHttp ? false : undefined);
    expect(filter.matches?.(requestView('GET', '/b/c'))).toBe(actsOnHttp ? true : undefined);
  });
});
