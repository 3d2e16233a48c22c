/** Golden ratio of 2^32: counters that step by it are spread over all 32 bits from the start. */
export const GOLDEN_STEP = 0x9e3779b9;

/** A 32-bit number whose bits each depend on all bits of the input, one for each input: the finaliser of MurmurHash3. */
export function mix32(input: number): number {
  let mixed = input ^ (input >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
