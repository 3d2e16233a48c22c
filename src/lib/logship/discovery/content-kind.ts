/** What the first bytes of a file say of the rest. */
export type ContentKind = 'text' | 'compressed' | 'binary';

/** So much is looked at: a KiB holds a NUL in all binary formats that end up in log directories. */
export const CONTENT_LOOK_BYTES = 1024;

/** First bytes of compressed files: gzip (RFC 1952), zstd (RFC 8878), xz, bzip2, lz4 frames, zip, compress. */
const COMPRESSED: readonly Buffer[] = [
  Buffer.from([0x1f, 0x8b]),
  Buffer.from([0x28, 0xb5, 0x2f, 0xfd]),
  Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]),
  Buffer.from('BZh'),
  Buffer.from([0x04, 0x22, 0x4d, 0x18]),
  Buffer.from('PK\x03\x04'),
  Buffer.from([0x1f, 0x9d]),
];
/** Text in UTF-16 is full of NULs, but says what it is (Unicode, byte order mark). */
const UTF16_MARKS: readonly Buffer[] = [Buffer.from([0xff, 0xfe]), Buffer.from([0xfe, 0xff])];

/** Judges the beginning of a file, of which the first KiB is enough. */
export function contentKindOf(head: Buffer): ContentKind {
  const begins = (mark: Buffer): boolean => head.subarray(0, mark.length).equals(mark);
  if (COMPRESSED.some(begins)) return 'compressed';
  if (UTF16_MARKS.some(begins)) return 'text';
  return head.subarray(0, CONTENT_LOOK_BYTES).includes(0) ? 'binary' : 'text';
}
