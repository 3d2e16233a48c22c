const PAGE_BYTES = 4096;
/** Copying from so few bytes before a page boundary is three times slower for all of the read. */
const SLOW_BYTES_BEFORE_PAGE = 13;

/**
 * How many bytes to read at an offset so that the next read begins at a page boundary of the file; `limitBytes` where no boundary is near
 * enough. 0 only if the limit is. What has been read before, up to `readTo`, is never all that is read.
 */
export function readSpanBytes(offset: number, limitBytes: number, readTo = offset): number {
  const pastPage = offset % PAGE_BYTES;
  const toPage = PAGE_BYTES - pastPage;
  if (pastPage !== 0 && toPage <= SLOW_BYTES_BEFORE_PAGE && readTo === offset) return Math.min(toPage, limitBytes);
  const end = offset + limitBytes;
  const alignedEnd = end - (end % PAGE_BYTES);
  return alignedEnd > readTo ? alignedEnd - offset : limitBytes;
}

/** How many NULs stand at the end: on network file systems the length of a file is known before its bytes are. */
export function trailingNulBytes(bytes: Uint8Array): number {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return bytes.length - end;
}
