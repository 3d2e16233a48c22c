import { hashFraction } from '../../../src/lib/runtime/chance.ts';

/** The bytes in pieces of one size. */
export function chop(bytes: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
}

/** The bytes in two pieces, cut at every byte, and byte by byte. */
export function splitsOf(bytes: Buffer): Buffer[][] {
  const cuts = Array.from({ length: bytes.length + 1 }, (_, cut) => [bytes.subarray(0, cut), bytes.subarray(cut)]);
  return [...cuts, chop(bytes, 1)];
}

/** A whole number from 0 to below `limit`, always the same for the same parts. */
export function roll(limit: number, ...parts: (string | number)[]): number {
  return Math.floor(hashFraction(...parts) * limit);
}

/** Bytes without meaning, always the same for the same seed. */
export function noise(length: number, seed: string, round: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, i) => roll(256, seed, round, i)));
}

/** The bytes with one of them changed, always the same one for the same round. */
export function mutate(bytes: Buffer, seed: string, round: number): Buffer {
  const mutant = Buffer.from(bytes);
  mutant[roll(bytes.length, seed, round, 'at')] = roll(256, seed, round, 'value');
  return mutant;
}
