import { beginsLike, CR, LF, MALFORMED, NEED_MORE, skipToken, SP } from './http1-bytes.ts';

/** The longest method taken; registered ones have at most 17 letters. Bytes that only look like one are not waited for any longer. */
const MAX_METHOD_BYTES = 32;
const VERSION_PREFIX = 'HTTP/1.';
/** `HTTP/1.1`. */
const VERSION_BYTES = VERSION_PREFIX.length + 1;
/** `HTTP/1.1 200`. */
const STATUS_BYTES = VERSION_BYTES + 4;

/** Where the parts of a request line are, counted from its first byte. */
export interface RequestLine {
  methodEnd: number;
  targetEnd: number;
  /** 0 for HTTP/1.0, 1 and more for HTTP/1.1 and its minor successors. */
  minorVersion: number;
}

export interface StatusLine {
  status: number;
  minorVersion: number;
}

/**
 * Scans `METHOD SP target SP HTTP/1.x CRLF` (RFC 9112 section 3) in [at, end) and fills in `line`. Returns the offset after the line,
 * NEED_MORE, or MALFORMED as soon as no further bytes could make it a request line.
 */
export function scanRequestLine(bytes: Uint8Array, at: number, end: number, line: RequestLine): number {
  const methodEnd = skipToken(bytes, at, end);
  if (methodEnd - at > MAX_METHOD_BYTES) return MALFORMED;
  if (methodEnd === end) return NEED_MORE;
  if (methodEnd === at || bytes[methodEnd] !== SP) return MALFORMED;
  let targetEnd = methodEnd + 1;
  while (targetEnd < end && isTargetByte(bytes[targetEnd] ?? 0)) targetEnd++;
  if (targetEnd === end) return NEED_MORE;
  if (targetEnd === methodEnd + 1 || bytes[targetEnd] !== SP) return MALFORMED;
  const version = targetEnd + 1;
  const minorVersion = scanVersion(bytes, version, end);
  if (minorVersion < 0) return minorVersion;
  line.methodEnd = methodEnd - at;
  line.targetEnd = targetEnd - at;
  line.minorVersion = minorVersion;
  return scanLineEnd(bytes, version + VERSION_BYTES, end);
}

/** Scans `HTTP/1.x SP 3DIGIT [SP reason] CRLF` (RFC 9112 section 4) in the same way. */
export function scanStatusLine(bytes: Uint8Array, at: number, end: number, line: StatusLine): number {
  const minorVersion = scanVersion(bytes, at, end);
  if (minorVersion < 0) return minorVersion;
  if (at + VERSION_BYTES < end && bytes[at + VERSION_BYTES] !== SP) return MALFORMED;
  if (at + STATUS_BYTES > end) return NEED_MORE;
  const status = parseStatus(bytes, at + VERSION_BYTES + 1);
  if (status < 100) return MALFORMED;
  line.status = status;
  line.minorVersion = minorVersion;
  let reasonEnd = at + STATUS_BYTES;
  if (reasonEnd < end && bytes[reasonEnd] !== SP && bytes[reasonEnd] !== CR) return MALFORMED;
  while (reasonEnd < end && !isLineBreakOrNul(bytes[reasonEnd] ?? 0)) reasonEnd++;
  return scanLineEnd(bytes, reasonEnd, end);
}

/** The minor version of `HTTP/1.x`, NEED_MORE or MALFORMED. */
function scanVersion(bytes: Uint8Array, at: number, end: number): number {
  if (!beginsLike(bytes, at, end, VERSION_PREFIX)) return MALFORMED;
  if (at + VERSION_BYTES > end) return NEED_MORE;
  const digit = (bytes[at + VERSION_PREFIX.length] ?? 0) - 0x30;
  return digit >= 0 && digit <= 9 ? digit : MALFORMED;
}

/** The offset after CRLF at `at`. */
function scanLineEnd(bytes: Uint8Array, at: number, end: number): number {
  if (at === end) return NEED_MORE;
  if (bytes[at] !== CR) return MALFORMED;
  if (at + 1 === end) return NEED_MORE;
  return bytes[at + 1] === LF ? at + 2 : MALFORMED;
}

/** Visible ASCII, and bytes from 0x80 on, which some clients send unescaped. */
function isTargetByte(byte: number): boolean {
  return byte > SP && byte !== 0x7f;
}

function isLineBreakOrNul(byte: number): boolean {
  return byte === CR || byte === LF || byte === 0;
}

/** Three digits as a number; below 100 when they are not. */
function parseStatus(bytes: Uint8Array, at: number): number {
  let status = 0;
  for (let i = 0; i < 3; i++) {
    const digit = (bytes[at + i] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) return 0;
    status = status * 10 + digit;
  }
  return status;
}
