import { crc32 } from 'node:zlib';
import { type CheckpointEntry, parseEntry } from './entry.ts';

/**
 * A checkpoint as it lies on disk: text, so that it can be read, with a checksum over all of it.
 *
 *     logship checkpoint 1, crc32 5f0a…, 1234 bytes
 *     42                                              counts up from one checkpoint to the next
 *     {"id":"…","path":"/var/log/a.log",…}            an entry a line
 */
export type ReadCheckpoint =
  | { readonly kind: 'intact'; readonly sequence: number; readonly entries: readonly CheckpointEntry[] }
  | { readonly kind: 'damaged'; readonly why: string };

const NEWLINE = 0x0a;

export function formatCheckpoint(sequence: number, lines: readonly string[]): Buffer {
  const body = Buffer.from([String(sequence), ...lines, ''].join('\n'));
  return Buffer.concat([headerOf(body), body]);
}

export function parseCheckpoint(bytes: Buffer): ReadCheckpoint {
  const headerEnd = bytes.indexOf(NEWLINE) + 1;
  const body = bytes.subarray(headerEnd);
  // Compared with the header that this body would have, not taken apart: then no byte of it can differ unseen.
  if (headerEnd === 0 || !headerOf(body).equals(bytes.subarray(0, headerEnd)))
    return { kind: 'damaged', why: whyNot(bytes) };
  const [sequence, ...lines] = body.toString('utf8').split('\n').slice(0, -1);
  const entries = lines.map(parseEntry);
  if (!entries.every((entry) => entry !== undefined))
    return { kind: 'damaged', why: 'holds entries of another version' };
  return { kind: 'intact', sequence: Number(sequence), entries };
}

function headerOf(body: Buffer): Buffer {
  const sum = crc32(body).toString(16).padStart(8, '0');
  return Buffer.from(`logship checkpoint 1, crc32 ${sum}, ${body.length} bytes\n`);
}

function whyNot(bytes: Buffer): string {
  if (bytes.length === 0) return 'is empty';
  if (bytes.every((byte) => byte === 0)) return 'is full of NULs';
  const version = /^logship checkpoint (\d+),/.exec(bytes.toString('latin1', 0, 64))?.[1];
  if (version === undefined) return 'is no checkpoint';
  return version === '1' ? 'does not have its checksum' : `is of version ${version}`;
}
