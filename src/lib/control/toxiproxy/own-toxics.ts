import type { Json, JsonObject } from '../../events/json.ts';
import { GoFields, readMembers } from './go-fields.ts';
import { plainJson, type GoJson } from './go-json.ts';
import type { Rules } from './rules.ts';
import { formatShare, percentOf, SELECTION, within, type Attributes, type ToxicType } from './toxic-type.ts';

/** An attribute that Toxiproxy knows. */
interface OwnAttribute {
  readonly name: string;
  readonly type: 'int' | 'int64' | 'float64';
  /** The name of the unit, and the most of it that makes sense. */
  readonly unit: string;
  readonly most: number;
  /** 0 unless given. */
  readonly least?: number;
  /** What a new toxic without it would do unasked. */
  readonly needed?: string;
}

/** One of Toxiproxy's own toxics, as the filter that does the same. */
interface OwnToxic {
  readonly type: string;
  /** The name of Go's struct for its attributes, which messages show. */
  readonly struct: string;
  readonly attributes: readonly OwnAttribute[];
  /** Parameters of our filter that may be given as well, as in a scenario. */
  readonly more?: readonly string[];
  /** The parameters of the filter, from numbers that are within their range; undefined when nothing is to be done. */
  params(values: Readonly<Record<string, number>>, rules: Rules): JsonObject | undefined;
}

/** What a fault may take at most; that of the filters' own parameters. */
const MOST_MS = 600_000;
const MS = { type: 'int64', unit: 'ms', most: MOST_MS } as const;

const OWN_TOXICS: readonly OwnToxic[] = [
  {
    type: 'latency',
    struct: 'LatencyToxic',
    attributes: [
      { name: 'latency', ...MS },
      { name: 'jitter', ...MS },
    ],
    more: ['distribution'],
    params: ({ latency, jitter }) => ({ delay: `${latency}ms`, jitter: `${jitter}ms` }),
  },
  {
    type: 'bandwidth',
    struct: 'BandwidthToxic',
    attributes: [
      { name: 'rate', type: 'int64', unit: 'KB/s', most: Infinity, needed: 'a rate of 0 lets nothing through at all' },
    ],
    more: ['shared'],
    params: ({ rate }) => ({ rate: `${rate}KB/s` }),
  },
  {
    type: 'slow_close',
    struct: 'SlowCloseToxic',
    attributes: [{ name: 'delay', ...MS }],
    params: ({ delay }) => ({ delay: `${delay}ms` }),
  },
  {
    type: 'timeout',
    struct: 'TimeoutToxic',
    attributes: [{ name: 'timeout', ...MS }],
    params: ({ timeout }) => ({ timeout: `${timeout}ms` }),
  },
  {
    type: 'reset_peer',
    struct: 'ResetToxic',
    attributes: [{ name: 'timeout', ...MS }],
    params: ({ timeout }) => ({ timeout: `${timeout}ms` }),
  },
  {
    type: 'slicer',
    struct: 'SlicerToxic',
    attributes: [
      {
        name: 'average_size',
        type: 'int',
        unit: 'bytes',
        most: Infinity,
        least: 1,
        needed: 'slices of 0 bytes never end',
      },
      { name: 'size_variation', type: 'int', unit: 'bytes', most: Infinity },
      { name: 'delay', type: 'int', unit: 'µs', most: MOST_MS * 1000 },
    ],
    params: sliceParams,
  },
  {
    type: 'limit_data',
    struct: 'LimitDataToxic',
    attributes: [
      {
        name: 'bytes',
        type: 'int64',
        unit: 'bytes',
        most: Infinity,
        needed: 'a limit of 0 closes connections at their first data',
      },
    ],
    params: ({ bytes }) => ({ bytes: `${bytes}B` }),
  },
  {
    type: 'packet_loss',
    struct: 'PacketLossToxic',
    attributes: [
      { name: 'loss_rate', type: 'float64', unit: 'a fraction', most: 1, needed: 'a rate of 0 loses nothing' },
      { name: 'correlation', type: 'float64', unit: 'a fraction', most: 1 },
    ],
    params: ({ loss_rate: loss = 0, correlation = 0 }) => ({
      loss: formatShare(loss),
      correlation: formatShare(correlation),
    }),
  },
  { type: 'noop', struct: 'NoopToxic', attributes: [], params: () => undefined },
];

function sliceParams(values: Readonly<Record<string, number>>, rules: Rules): JsonObject | undefined {
  const { average_size: average = 0, size_variation: variation = 0, delay = 0 } = values;
  // Only leniency comes here with it.
  if (average < 1) return undefined;
  const most = Math.max(0, average - 1);
  if (variation > most) {
    const problem = `attributes.size_variation is ${variation}: give less than average_size (${average})`;
    rules.mind(problem, `it counts as ${most}`);
  }
  return { averageSize: `${average}B`, sizeVariation: `${Math.min(variation, most)}B`, delay: `${delay}us` };
}

/** Toxiproxy's own toxics. They act on bytes, those of HTTP too, in the direction that is given. */
export const ownToxicTypes: readonly ToxicType[] = OWN_TOXICS.map(createOwnType);

function createOwnType(own: OwnToxic): ToxicType {
  const more = [...(own.more ?? []), ...SELECTION];
  return {
    type: own.type,
    readAttributes: (value, before, rules) => readOwn(own, more, value, before, rules),
    filterOf({ direction, toxicity, attributes }, rules) {
      const values = own.attributes.map((attribute) => [attribute.name, valueOf(attribute, attributes, rules)]);
      const params = own.params(Object.fromEntries(values) as Record<string, number>, rules);
      const percent = percentOf(toxicity, rules);
      if (params === undefined) return undefined;
      return { kind: own.type, params: { ...params, stream: direction, percent, ...pick(attributes, more) } };
    },
  };
}

function readOwn(
  { struct, attributes: known, type }: OwnToxic,
  more: readonly string[],
  value: GoJson | undefined,
  before: Attributes | undefined,
  rules: Rules,
): Attributes {
  const fields = new GoFields();
  const given: Record<string, Json | bigint> = {};
  const own = known.map(({ name, type: goType }): [string, (value: GoJson) => void] => [
    name,
    (member) => {
      const field = `${struct}.attributes.${name}`;
      const number = goType === 'float64' ? fields.float(member, goType, field) : fields.integer(member, goType, field);
      if (number !== undefined) given[name] = number;
    },
  ]);
  const others = more.map((name): [string, (value: GoJson) => void] => [
    name,
    (member) => (given[name] = plainJson(member)),
  ]);
  const members = value === undefined ? [] : fields.members(value, `toxics.${struct}`, '.attributes');
  const unknown = readMembers(members, Object.fromEntries([...own, ...others]));
  if (fields.problem !== undefined) rules.refuse(fields.problem);
  rules.mindUnknown(unknown, [...known.map(({ name }) => name), ...more], 'attribute');
  if (before === undefined) mindMissing(type, known, given, rules);
  const defaults = Object.fromEntries(known.map(({ name }) => [name, 0]));
  return withoutNulls({ ...defaults, ...before, ...given });
}

function mindMissing(type: string, known: readonly OwnAttribute[], given: Attributes, rules: Rules): void {
  for (const { name, needed, unit, least = 0 } of known) {
    // A 0 that is not within the range is minded later, and once is enough.
    const isMindedLater = rules.lenient && least > 0;
    if (needed === undefined || name in given || isMindedLater) continue;
    rules.mind(`attributes.${name} is missing: ${type} needs it (${unit}); ${needed}`, 'it counts as 0');
  }
}

function valueOf({ name, least = 0, most, unit }: OwnAttribute, attributes: Attributes, rules: Rules): number {
  const value = Number(attributes[name]);
  const range = { name: `attributes.${name}`, least, most, unit };
  // What must not be 0 and is, does nothing: nearer to what was asked for than the least that does something.
  if (!rules.lenient || least === 0) return within(value, range, rules);
  if (value < least)
    rules.mind(`attributes.${name} is ${value}: give ${least} or more (${unit})`, 'the toxic does nothing');
  return value < least ? 0 : value;
}

function pick(attributes: Attributes, names: readonly string[]): JsonObject {
  const picked = Object.entries(attributes).filter(([name]) => names.includes(name));
  return Object.fromEntries(picked) as JsonObject;
}

function withoutNulls(attributes: Attributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== null));
}
