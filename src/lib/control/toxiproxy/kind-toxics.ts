import type { Json } from '../../events/json.ts';
import { FILTER_KINDS } from '../../proxy/filter-registry.ts';
import type { FilterKind } from '../../proxy/filter.ts';
import { GoFields } from './go-fields.ts';
import { plainJson } from './go-json.ts';
import { ownToxicTypes } from './own-toxics.ts';
import type { Rules } from './rules.ts';
import { percentOf, SELECTION, type Attributes, type ToxicType } from './toxic-type.ts';

/** Filters that Toxiproxy has no toxic for: the attributes are the parameters as a scenario has them. */
const kindToxicTypes: readonly ToxicType[] = FILTER_KINDS.filter(
  ({ kind }) => !ownToxicTypes.some(({ type }) => type === kind),
).map(createKindType);

const TYPES: ReadonlyMap<string, ToxicType> = new Map(
  [...ownToxicTypes, ...kindToxicTypes].map((type) => [type.type, type]),
);

/** Toxiproxy's own and ours; undefined when there is none of that name. */
export function lookupToxicType(type: string): ToxicType | undefined {
  return TYPES.get(type);
}

function createKindType(kind: FilterKind): ToxicType {
  return {
    type: kind.kind,
    readAttributes(value, before, rules) {
      const fields = new GoFields();
      const members = value === undefined ? [] : fields.members(value, 'toxics.Toxic', '.attributes');
      if (fields.problem !== undefined) rules.refuse(fields.problem);
      const given = Object.fromEntries(members.map(([name, member]) => [name, plainJson(member)]));
      return merge(before, checkNames(kind, given, rules));
    },
    filterOf({ direction, toxicity, attributes }, rules) {
      const params = { ...attributes, percent: percentOf(toxicity, rules) } as Record<string, Json>;
      return {
        kind: kind.kind,
        params: takesStream(kind, params, direction) ? { stream: direction, ...params } : params,
      };
    },
  };
}

/** Some kinds take no stream, and `delay` takes it in one form only. */
function takesStream(kind: FilterKind, params: Readonly<Record<string, Json>>, stream: string): boolean {
  if (!kind.ownParams.includes('stream') || 'stream' in params) return false;
  const { error } = kind.params.safeParse({ ...params, stream });
  return !(error?.issues.some(({ path }) => path[0] === 'stream') ?? false);
}

/** The attributes that there are; lenient, those that there are not are left out. */
function checkNames(kind: FilterKind, given: Readonly<Record<string, Json>>, rules: Rules): Record<string, Json> {
  const files = Object.keys(given).filter((name) => kind.fileParams.includes(name));
  if (files[0] !== undefined)
    rules.refuse(`attributes.${files[0]} names a file of this machine, and the API reads none: leave it out`);
  if ('percent' in given) rules.mind('attributes.percent stands elsewhere: give `toxicity`', 'it is ignored');
  const known = [...kind.ownParams.filter((name) => !kind.fileParams.includes(name)), ...SELECTION];
  const unknown = Object.keys(given).filter((name) => !known.includes(name) && name !== 'percent');
  rules.mindUnknown(unknown, known, 'attribute');
  return Object.fromEntries(Object.entries(given).filter(([name]) => known.includes(name)));
}

/** null takes an attribute away. */
function merge(before: Attributes | undefined, given: Readonly<Record<string, Json>>): Attributes {
  return Object.fromEntries(Object.entries({ ...before, ...given }).filter(([, value]) => value !== null));
}
