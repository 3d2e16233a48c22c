import { fieldValue, tokensOf, type HeaderPair } from './fields.ts';

/** Fields named in Vary beyond it make a response that is not worth storing: each is compared at every lookup. */
const MAX_VARY_FIELDS = 16;

/** What the request that a response was stored for said in the fields that its Vary names. */
export type VaryKey = readonly (readonly [lowerName: string, value: string | undefined])[];

/** The key of a response to `request`; undefined when no other request may ever be answered with it (`Vary: *`, RFC 9111 section 4.1). */
export function varyKey(request: readonly HeaderPair[], response: readonly HeaderPair[]): VaryKey | undefined {
  const names = [...new Set(tokensOf(response, 'vary'))];
  if (names.includes('*') || names.length > MAX_VARY_FIELDS) return undefined;
  return names.map((name) => [name, normalValue(request, name)] as const);
}

/** Whether a request says the same in all these fields, white space aside; a missing field matches only a missing one. */
export function matchesVary(key: VaryKey, request: readonly HeaderPair[]): boolean {
  return key.every(([name, value]) => normalValue(request, name) === value);
}

function normalValue(headers: readonly HeaderPair[], lowerName: string): string | undefined {
  return fieldValue(headers, lowerName)
    ?.replace(/[ \t]*,[ \t]*/g, ',')
    .trim();
}
