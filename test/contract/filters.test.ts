import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { FilterKind, Layer } from '../../src/lib/proxy/filter.ts';
import { protocolsOf } from '../../src/lib/proxy/filter.ts';
import { FILTER_KINDS, lookupFilterKind } from '../../src/lib/proxy/filter-registry.ts';
import { InstalledFilter } from '../../src/lib/proxy/installed-filter.ts';
import { PROTOCOLS } from '../../src/lib/proxy/views.ts';
import { hashFraction } from '../../src/lib/runtime/chance.ts';
import { diceOf } from '../lib/proxy/filters/machine-driver.ts';
import { connectionView, requestView } from '../lib/proxy/requests.ts';
import { exampleParams, leastParams, sampleFile } from './filter-examples.ts';

/** What every kind of filter must hold to, before its author writes a test. */

const UNITS = 4000;
const request = requestView('GET', '/a', { host: 'x' });
const connection = connectionView(1);

interface Tally {
  readonly hits: ReadonlySet<number>;
  readonly seen: number;
  readonly digest: string;
}

/** One decision at a layer: about the unit with that number, in a world where all others are the same. */
const DECIDE: Readonly<Record<Layer, (filter: InstalledFilter, unit: number) => unknown>> = {
  request: (filter, unit) => filter.decideRequest(request, connection, 0, () => `key ${unit}`),
  stream: (filter, unit) => filter.decideConnection(connectionView(unit))?.isHit === true || undefined,
  message: (filter, unit) => filter.decideMessage({ direction: 'downstream', ordinal: unit, kind: 'grpc' }, 'the call'),
  datagram: (filter, unit) => filter.decideDatagram(connection, 'downstream', unit),
};

function install(kind: FilterKind, params: object, seed = 1): InstalledFilter {
  const bound = kind.bind({ ...leastParams(kind.kind), ...params });
  return new InstalledFilter({ id: 'fault-1', kind: kind.kind, seed, startedMs: 0, bound });
}

/** Throws a filter's dice for every unit. */
function decide(kind: FilterKind, layer: Layer, params: object, seed: number, units: readonly number[]): Tally {
  const filter = install(kind, params, seed);
  const hits = new Set(units.filter((unit) => DECIDE[layer](filter, unit) !== undefined));
  const { seen, digest } = filter.effect().decisions;
  return { hits, seen, digest };
}

const units = Array.from({ length: UNITS }, (_, i) => i);
const AT_LAYERS = FILTER_KINDS.flatMap((kind) => kind.layers.map((layer) => ({ kind, layer, name: kind.kind })));

it('every kind has its own name, and is found by it', () => {
  expect(new Set(FILTER_KINDS.map(({ kind }) => kind)).size).toBe(FILTER_KINDS.length);
  for (const kind of FILTER_KINDS) expect(lookupFilterKind(kind.kind)).toBe(kind);
  expect(lookupFilterKind('nothing')).toBeUndefined();
});

describe.each(FILTER_KINDS)('filter $kind', (kind) => {
  it('says what it is, and acts at every layer that it names and at no other', () => {
    expect(kind.kind).toMatch(/^[a-z]+(_[a-z]+)*$/);
    expect(kind.summary).toMatch(/^[a-zA-Z].{20,130}[^.]$/);
    const parts = exampleParams(kind.kind).flatMap((params) => Object.keys(kind.bind(params).filter));
    expect(new Set(parts)).toEqual(new Set(kind.layers));
  });

  it('tells for every protocol whether it means anything there', () => {
    const able = PROTOCOLS.filter((protocol) => kind.misfit(leastParams(kind.kind), protocol) === undefined);
    expect(able).toEqual(protocolsOf(kind.layers));
  });

  it('refuses unknown parameters by name', () => {
    const result = kind.params.safeParse({ ...leastParams(kind.kind), percentt: '5%' });
    expect(result.error?.issues.map(({ message }) => message).join()).toContain('percentt');
  });

  it.each([{ percent: 5 }, { percent: '101%' }, { percent: '700%' }, { percent: '-1%' }, { match: { pat: '/' } }])(
    'refuses %j',
    (params) => {
      expect(kind.params.safeParse({ ...leastParams(kind.kind), ...params }).success).toBe(false);
    },
  );

  it.each([null, undefined, 5, 'x', [[]]])('refuses %j for parameters', (params) => {
    expect(kind.params.safeParse(params).success).toBe(false);
  });

  it('has a JSON Schema in the written form, in which nothing is unknown and everything is described', () => {
    const schema = z.toJSONSchema(kind.params, { io: 'input' });
    expect(schema).toMatchObject({ type: 'object', additionalProperties: false });
    expect(Object.keys(schema.properties ?? {})).toEqual(
      expect.arrayContaining([...kind.ownParams, 'percent', 'match']),
    );
    const own = Object.entries(schema.properties ?? {}).filter(([name]) => kind.ownParams.includes(name));
    for (const [, property] of own) expect(property).toHaveProperty('description');
    expect(Object.keys(leastParams(kind.kind))).toEqual(expect.arrayContaining(schema.required ?? []));
  });

  it('reports the parameters in base units, as plain data', () => {
    for (const params of exampleParams(kind.kind)) {
      const { requested } = kind.bind({ ...params, percent: '12.5%', match: { source: ['::1'] } });
      expect(JSON.parse(JSON.stringify(requested))).toEqual(requested);
      expect(requested).toMatchObject({ percent: 12.5, match: { source: ['::1'] } });
    }
  });

  it('finds the parameters that are files among its own, and reads them', () => {
    expect(kind.ownParams).toEqual(expect.arrayContaining([...kind.fileParams]));
    expect([...kind.fileParams]).toEqual(kind.ownParams.filter((name) => name === 'samples'));
    if (kind.fileParams.length === 0) return;
    expect(kind.bind({ distribution: 'empirical', samples: sampleFile() }).requested).toHaveProperty('samples');
    expect(() => kind.bind({ distribution: 'empirical', samples: '/no/such/file' })).toThrow('/no/such/file');
  });

  it('gives the same action for the same dice', () => {
    const act = (): unknown => {
      const { filter } = kind.bind(leastParams(kind.kind));
      const message = { direction: 'downstream', ordinal: 0, kind: 'text' } as const;
      const [stream, datagram] = (['upstream', 'downstream'] as const).flatMap((direction) => [
        filter.stream?.open(direction, diceOf(1), undefined)?.onChunk(Buffer.from('abc'), 5, diceOf(2)),
        filter.datagram?.open(direction, diceOf(1), undefined)?.onDatagram(Buffer.from('abc'), 5, diceOf(2)),
      ]);
      return [
        JSON.stringify(filter.request?.onRequest(request, diceOf(0))),
        filter.message?.onMessage(message, diceOf(0)),
        stream,
        datagram,
      ];
    };
    expect(act()).toEqual(act());
  });
});

describe.each(AT_LAYERS)('filter $name, on the layer $layer', ({ kind, layer }) => {
  it('never acts at 0 %, always at 100 %', () => {
    expect(decide(kind, layer, { percent: '0%' }, 1, units).hits.size).toBe(0);
    expect(decide(kind, layer, { percent: '100%' }, 1, units).hits.size).toBe(UNITS);
  });

  it.each([30, 1])('acts on %d % within what chance allows', (percent) => {
    const { hits, seen } = decide(kind, layer, { percent: `${percent}%` }, 1, units);
    const expected = (UNITS * percent) / 100;
    // Five standard deviations of the binomial distribution: one false alarm in two million.
    const allowed = 5 * Math.sqrt(expected * (1 - percent / 100));
    expect(Math.abs(hits.size - expected)).toBeLessThan(allowed);
    expect(seen).toBe(UNITS);
  });

  it('takes the same decisions for the same seed in any order, and others for another seed', () => {
    const shuffled = units.toSorted((a, b) => hashFraction('shuffle', a) - hashFraction('shuffle', b));
    const first = decide(kind, layer, { percent: '30%' }, 42, units);
    const second = decide(kind, layer, { percent: '30%' }, 42, shuffled);
    const other = decide(kind, layer, { percent: '30%' }, 43, units);
    expect(second.digest).toBe(first.digest);
    expect(second.hits).toEqual(first.hits);
    expect(other.digest).not.toBe(first.digest);
  });

  it('acts only on those asked for by number', () => {
    const hitsOf = (params: object): number[] => [...decide(kind, layer, params, 1, units.slice(0, 12)).hits];
    expect(hitsOf({ nth: 3 })).toEqual([2]);
    expect(hitsOf({ first: 2 })).toEqual([0, 1]);
    expect(hitsOf({ every: 5 })).toEqual([4, 9]);
  });
});
