import type { GoJson, GoMember } from './go-json.ts';

type IntegerType = 'int' | 'int64';
type FloatType = 'float32' | 'float64';

const MAX_INT64 = 2n ** 63n - 1n;
const MIN_INT64 = -(2n ** 63n);
/**
 * Puts values into Go's types. The first that does not fit is remembered in Go's words, and the rest is read all the same: one mistake is
 * reported, and it is the first. `null` fits everywhere and changes nothing, so it comes out as undefined too.
 */
export class GoFields {
  problem: string | undefined;

  string(value: GoJson, field: string): string | undefined {
    if (value.type === 'string') return value.value;
    this.#misfit(value, 'string', field);
    return undefined;
  }

  bool(value: GoJson, field: string): boolean | undefined {
    if (value.type === 'bool') return value.value;
    this.#misfit(value, 'bool', field);
    return undefined;
  }

  /** Exact: a bigint where a number would not be. Go takes no `1.0` and no `1e3` for an integer. */
  integer(value: GoJson, type: IntegerType, field: string): number | bigint | undefined {
    if (value.type !== 'number') {
      this.#misfit(value, type, field);
      return undefined;
    }
    const exact = /^-?\d+$/.test(value.text) ? BigInt(value.text) : undefined;
    if (exact === undefined || exact > MAX_INT64 || exact < MIN_INT64) {
      this.#note(`number ${value.text}`, type, field);
      return undefined;
    }
    return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact;
  }

  float(value: GoJson, type: FloatType, field: string): number | undefined {
    if (value.type !== 'number') {
      this.#misfit(value, type, field);
      return undefined;
    }
    const number = Number(value.text);
    if (Number.isFinite(type === 'float32' ? Math.fround(number) : number)) return number;
    this.#note(`number ${value.text}`, type, field);
    return undefined;
  }

  /** The members of an object; none when it is null or something else. `field` is undefined for a body as a whole. */
  members(value: GoJson, type: string, field?: string): readonly GoMember[] {
    if (value.type === 'object') return value.members;
    this.#misfit(value, type, field);
    return [];
  }

  /** The same for a list. */
  items(value: GoJson, type: string): readonly GoJson[] {
    if (value.type === 'array') return value.items;
    this.#misfit(value, type, undefined);
    return [];
  }

  #misfit(value: GoJson, type: string, field: string | undefined): void {
    if (value.type !== 'null') this.#note(value.type, type, field);
  }

  #note(what: string, type: string, field: string | undefined): void {
    const into = field === undefined ? 'Go value' : `Go struct field ${field}`;
    this.problem ??= `json: cannot unmarshal ${what} into ${into} of type ${type}`;
  }
}

/** Reads members by name, in capitals or not, as Go does; gives back the names that nobody reads. */
export function readMembers(
  members: readonly GoMember[],
  readers: Readonly<Record<string, (value: GoJson) => void>>,
): string[] {
  const byName = new Map(Object.entries(readers).map(([name, read]) => [name.toLowerCase(), read]));
  return members.flatMap(([name, value]) => {
    const read = byName.get(name.toLowerCase());
    read?.(value);
    return read === undefined ? [name] : [];
  });
}
