import { randomBytes as cryptoBytes } from 'node:crypto';

/**
 * A 53-bit hash of the parts, as a fraction in [0, 1). The same parts always give the same fraction, on every machine and
 * in any order of calls: this is what makes every random decision of a run repeatable.
 *
 * Two 32-bit lanes of multiply-xorshift over the UTF-16 units (the finaliser is that of MurmurHash3), parts kept apart by a
 * unit that text cannot hold on its own.
 */
export function hashFraction(...parts: readonly (string | number)[]): number {
  const [high, low] = hashLanes(parts);
  return (high * 2_097_152 + (low >>> 11)) / 9_007_199_254_740_992;
}

/** The same hash as 16 hexadecimal digits, for digests. */
export function hashHex(...parts: readonly (string | number)[]): string {
  const [high, low] = hashLanes(parts);
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
}

function hashLanes(parts: readonly (string | number)[]): [number, number] {
  let a = 0x9e3779b9;
  let b = 0x85ebca6b;
  for (const part of parts) {
    const text = typeof part === 'number' ? `#${part}` : part;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      a = Math.imul(a ^ unit, 0x9e3779b1);
      b = Math.imul(b ^ unit, 0x5f356495);
      a ^= a >>> 15;
      b ^= b >>> 13;
    }
    a = Math.imul(a ^ 0x1ffff, 0x9e3779b1);
    b = Math.imul(b ^ 0x1ffff, 0x5f356495);
  }
  return [finalise(a ^ (b >>> 16)), finalise(b ^ (a << 5))];
}

function finalise(lane: number): number {
  let x = lane;
  x ^= x >>> 16;
  x = Math.imul(x, 0x85ebca6b);
  x ^= x >>> 13;
  x = Math.imul(x, 0xc2b2ae35);
  x ^= x >>> 16;
  return x >>> 0;
}

/** `bytes` random bytes as hexadecimal, for names that must never meet (run ids, trace ids). */
export function randomHex(bytes: number): string {
  return cryptoBytes(bytes).toString('hex');
}

/** A seed for a run that was not given one: printed and recorded, so that the run can be repeated. */
export function randomSeed(): number {
  return cryptoBytes(4).readUInt32BE(0);
}

/** Random bytes, for keys that a protocol wants to be unpredictable (the masks of WebSocket frames). */
export function randomBytes(bytes: number): Buffer {
  return cryptoBytes(bytes);
}
