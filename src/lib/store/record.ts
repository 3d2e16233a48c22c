import { crc32 } from 'node:zlib';

/**
 * One event as it lies in the journal: a frame that can be found and checked without the database around it, so that the records of
 * a damaged file can still be read.
 *
 *   F1|crc32 of the JSON, 8 hex digits|length of the JSON in bytes|JSON
 */
const MAGIC = Buffer.from('F1|');
const CRC_DIGITS = 8;
/** No event comes near it; a longer length is noise that looks like a frame. */
const MAX_RECORD_BYTES = 16 * 1024 * 1024;
const MAX_LENGTH_DIGITS = String(MAX_RECORD_BYTES).length;

export function formatRecord(value: unknown): string {
  const json = JSON.stringify(value);
  return `F1|${checksum(Buffer.from(json))}|${Buffer.byteLength(json)}|${json}`;
}

/** The value of a record; undefined when it is not intact. */
export function parseRecord(text: string): unknown {
  const bytes = Buffer.from(text);
  const found = readRecord(bytes, 0);
  return found?.end === bytes.length ? found.value : undefined;
}

/** Every intact record in a heap of bytes, in the order found. Anything else is skipped. */
export function scanRecords(bytes: Buffer): unknown[] {
  const values: unknown[] = [];
  let position = bytes.indexOf(MAGIC);
  while (position >= 0) {
    const found = readRecord(bytes, position);
    if (found) values.push(found.value);
    position = bytes.indexOf(MAGIC, found ? found.end : position + 1);
  }
  return values;
}

function readRecord(bytes: Buffer, start: number): { value: unknown; end: number } | undefined {
  const crcStart = start + MAGIC.length;
  const lengthStart = crcStart + CRC_DIGITS + 1;
  if (bytes.compare(MAGIC, 0, MAGIC.length, start, crcStart) !== 0 || bytes[lengthStart - 1] !== 0x7c) return undefined;
  const lengthEnd = bytes.indexOf(0x7c, lengthStart);
  if (lengthEnd < 0 || lengthEnd - lengthStart > MAX_LENGTH_DIGITS) return undefined;
  const length = Number(bytes.toString('latin1', lengthStart, lengthEnd));
  const end = lengthEnd + 1 + length;
  if (!Number.isInteger(length) || length > MAX_RECORD_BYTES || end > bytes.length) return undefined;
  const json = bytes.subarray(lengthEnd + 1, end);
  if (bytes.toString('latin1', crcStart, crcStart + CRC_DIGITS) !== checksum(json)) return undefined;
  return { value: JSON.parse(json.toString('utf8')), end };
}

function checksum(json: Buffer): string {
  return crc32(json).toString(16).padStart(CRC_DIGITS, '0');
}
