import type { Json } from '../../events/json.ts';

/**
 * JSON as Go's `encoding/json` reads and writes it, for clients that compare bodies and messages literally. Numbers keep their text (`1.0` is no
 * integer there), and members their order and their doubles.
 */
export type GoJson =
  | { readonly type: 'null' }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'number'; readonly text: string }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'array'; readonly items: readonly GoJson[] }
  | { readonly type: 'object'; readonly members: readonly GoMember[] };

export type GoMember = readonly [name: string, value: GoJson];

/** The value as JavaScript has it; of doubles the last one. */
export function plainJson(value: GoJson): Json {
  switch (value.type) {
    case 'null':
      return null;
    case 'bool':
    case 'string':
      return value.value;
    case 'number':
      return Number(value.text);
    case 'array':
      return value.items.map(plainJson);
    case 'object':
      return Object.fromEntries(value.members.map(([name, member]) => [name, plainJson(member)]));
  }
}

/** What can be written: JSON, integers beyond 2^53, and maps, whose members stand in the order of the map. */
export type GoWritable =
  Json | bigint | readonly GoWritable[] | ReadonlyMap<string, GoWritable> | { readonly [name: string]: GoWritable };

/** As Go's `json.Marshal`: without blanks, and with what HTML would read (`<`, `>`, `&`) escaped. */
export function formatGoJson(value: GoWritable): string {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'string') return quote(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(formatGoJson).join(',')}]`;
  const members: Iterable<[string, GoWritable]> = value instanceof Map ? value : Object.entries(value);
  return `{${Array.from(members, ([name, member]) => `${quote(name)}:${formatGoJson(member)}`).join(',')}}`;
}

function quote(text: string): string {
  return JSON.stringify(text).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** A number as Go writes a `float32`: the shortest digits that no other `float32` has. */
export function shortestFloat32(value: number): number {
  const single = Math.fround(value);
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(single.toPrecision(digits));
    if (Math.fround(short) === single) return short;
  }
  return Number(single.toPrecision(9));
}
