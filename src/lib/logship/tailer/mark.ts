import type { OpenFile } from '../../runtime/file-handles.ts';
import { bytesOf, TAIL_BYTES } from './fingerprint.ts';

/** The last bytes that were read of a file, by which it is seen later that these are still there: whoever truncates and writes anew leaves others. */
export interface Mark {
  readonly offset: number;
  /** The 64 bytes before the offset, or all before it. */
  readonly bytes: Buffer;
}

export const NO_MARK: Mark = { offset: 0, bytes: Buffer.alloc(0) };

export function markAt(file: OpenFile, offset: number): Mark {
  return { offset, bytes: bytesOf(file, Math.max(0, offset - TAIL_BYTES), offset) };
}

/** The mark after reading some more; what was read again, before the mark, moves nothing. */
export function markAfter(mark: Mark, offset: number, bytes: Uint8Array): Mark {
  const end = offset + bytes.length;
  if (end <= mark.offset) return mark;
  const known = mark.bytes.subarray(0, Math.max(0, offset - (mark.offset - mark.bytes.length)));
  const last = bytes.length >= TAIL_BYTES ? Buffer.from(bytes.slice(-TAIL_BYTES)) : Buffer.concat([known, bytes]);
  return { offset: end, bytes: last.subarray(-TAIL_BYTES) };
}

/** Whether the file still holds those bytes there. */
export function isMarked(file: OpenFile, { offset, bytes }: Mark): boolean {
  return bytesOf(file, offset - bytes.length, offset).equals(bytes);
}
