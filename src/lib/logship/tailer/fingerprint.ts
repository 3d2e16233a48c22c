import { hash } from 'node:crypto';
import type { OpenFile } from '../../runtime/file-handles.ts';
import type { Fingerprint } from './identity.ts';

/** Headers that applications write to each of their logs are shorter; filebeat and the OpenTelemetry collector take as much. */
export const HEAD_BYTES = 1024;
/** Two lines of a log end alike rarely, 64 bytes with their time stamp hardly ever. */
export const TAIL_BYTES = 64;
/** 64 bits: nobody forges logs to meet it. */
const HASH_DIGITS = 16;

export const NO_BYTES: Fingerprint = fingerprintOf(Buffer.alloc(0));

export function fingerprintOf(bytes: Uint8Array): Fingerprint {
  return { lengthBytes: bytes.length, hash: hash('sha256', bytes).slice(0, HASH_DIGITS) };
}

/** Bytes of a file; fewer where it ends before. */
export function bytesOf(file: OpenFile, from: number, to: number): Buffer {
  const bytes = Buffer.alloc(Math.max(0, to - from));
  let length = 0;
  while (length < bytes.length) {
    const got = file.readAt(bytes.subarray(length), from + length);
    if (got === 0) break;
    length += got;
  }
  return bytes.subarray(0, length);
}

/** Of the first KiB of a file, or of all that there is. */
export function headOf(file: OpenFile): Fingerprint {
  return fingerprintOf(bytesOf(file, 0, HEAD_BYTES));
}

/** Of the 64 bytes before the offset, or of all before it. */
export function tailOf(file: OpenFile, offset: number): Fingerprint {
  return fingerprintOf(bytesOf(file, Math.max(0, offset - TAIL_BYTES), offset));
}

export function beginsWith(file: OpenFile, head: Fingerprint): boolean {
  return isEqual(fingerprintOf(bytesOf(file, 0, head.lengthBytes)), head);
}

export function hasBefore(file: OpenFile, offset: number, tail: Fingerprint): boolean {
  return isEqual(fingerprintOf(bytesOf(file, offset - tail.lengthBytes, offset)), tail);
}

function isEqual(one: Fingerprint, other: Fingerprint): boolean {
  return one.lengthBytes === other.lengthBytes && one.hash === other.hash;
}
