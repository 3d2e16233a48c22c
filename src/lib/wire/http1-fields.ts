import { COLON, CR, HTAB, LF, MALFORMED, NEED_MORE, skipToken, SP, spells } from './http1-bytes.ts';

/** A head with more header lines is refused: real ones have fewer than 50, and each costs a scan per lookup. */
export const MAX_HEADERS = 200;

/** Why a header section cannot be trusted. */
export type FieldProblem =
  | 'bad-field'
  | 'space-before-colon'
  | 'obs-fold'
  | 'too-many-headers'
  | 'bad-content-length'
  | 'differing-content-lengths';

/** No Content-Length was given. */
export const NO_LENGTH = -1;
/** A longer number is no length that anybody sends, and would lose digits (2^53 has 16). */
const MAX_LENGTH_DIGITS = 15;
/** Schemes that authenticate a connection, at the beginning of one of the challenges. */
const CONNECTION_BOUND = /(?:^|,)[ \t]*(?:ntlm|negotiate)\b/i;
/** Numbers kept per field: where name and value begin and end. */
const STRIDE = 4;

/** Where a header line has its name, which begins the line, and its value; counted from the head's first byte. */
export interface FieldPlace {
  readonly nameStart: number;
  readonly nameEnd: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

/**
 * The header lines of one message, kept as offsets from the head's first byte; nothing is copied. What decides where the message ends is
 * noted while scanning.
 *
 *     Content-Length:   12  CRLF
 *     ^             ^   ^ ^
 *     name       its end value, its end (optional white space is left out)
 */
export class HeaderFields {
  contentLength = NO_LENGTH;
  /** Values of Transfer-Encoding, joined by commas, in lower case; empty when there is none. */
  transferEncoding = '';
  connectionClose = false;
  connectionKeepAlive = false;
  connectionUpgrade = false;
  expectsContinue = false;
  /** Whether it is about authentication that holds for the connection and not for one message: NTLM and Negotiate (RFC 4559 section 6). */
  bindsConnection = false;
  problem: FieldProblem | undefined;
  readonly #places: number[] = [];

  /**
   * Scans one line at `at`. Returns the offset after it, NEED_MORE, or MALFORMED with `problem` set; an empty line is told by
   * `isBlank` beforehand. `start` is where the head begins.
   */
  scanLine(bytes: Buffer, start: number, at: number, end: number): number {
    const nameEnd = skipToken(bytes, at, end);
    if (nameEnd === end) return NEED_MORE;
    if (bytes[nameEnd] !== COLON || nameEnd === at)
      return this.#fail(problemOfName(bytes[nameEnd] ?? 0, nameEnd === at));
    let valueStart = nameEnd + 1;
    while (valueStart < end && isBlankByte(bytes[valueStart] ?? 0)) valueStart++;
    const lineEnd = scanValue(bytes, valueStart, end);
    if (lineEnd === MALFORMED) return this.#fail('bad-field');
    if (lineEnd === NEED_MORE || lineEnd + 1 === end) return NEED_MORE;
    if (bytes[lineEnd + 1] !== LF) return this.#fail('bad-field');
    let valueEnd = lineEnd;
    while (valueEnd > valueStart && isBlankByte(bytes[valueEnd - 1] ?? 0)) valueEnd--;
    if (this.#places.length === MAX_HEADERS * STRIDE) return this.#fail('too-many-headers');
    this.#places.push(at - start, nameEnd - start, valueStart - start, valueEnd - start);
    return this.#note(bytes, at, nameEnd, valueStart, valueEnd) ? lineEnd + 2 : MALFORMED;
  }

  /** The value of a field by its name in lower case; several lines of one name are joined by a comma (RFC 9110 section 5.3). */
  value(bytes: Buffer, start: number, lowerName: string): string | undefined {
    const places = this.#places;
    let joined: string | undefined;
    for (let i = 0; i < places.length; i += STRIDE) {
      if (!spells(bytes, start + (places[i] ?? 0), start + (places[i + 1] ?? 0), lowerName)) continue;
      const value = bytes.toString('latin1', start + (places[i + 2] ?? 0), start + (places[i + 3] ?? 0));
      joined = joined === undefined ? value : `${joined}, ${value}`;
    }
    return joined;
  }

  /** Name and value of each line, as they came. */
  pairs(bytes: Buffer, start: number): [name: string, value: string][] {
    const pairs: [string, string][] = [];
    const places = this.#places;
    for (let i = 0; i < places.length; i += STRIDE) {
      const name = bytes.toString('latin1', start + (places[i] ?? 0), start + (places[i + 1] ?? 0));
      pairs.push([name, bytes.toString('latin1', start + (places[i + 2] ?? 0), start + (places[i + 3] ?? 0))]);
    }
    return pairs;
  }

  get count(): number {
    return this.#places.length / STRIDE;
  }

  /** Where the parts of one line are, by its number from 0 to `count` - 1. */
  placeOf(line: number): FieldPlace {
    const [nameStart = 0, nameEnd = 0, valueStart = 0, valueEnd = 0] = this.#places.slice(
      line * STRIDE,
      (line + 1) * STRIDE,
    );
    return { nameStart, nameEnd, valueStart, valueEnd };
  }

  /** Remembers what frames the message; false when it contradicts itself. */
  #note(bytes: Buffer, at: number, nameEnd: number, valueStart: number, valueEnd: number): boolean {
    switch (nameEnd - at) {
      case 6:
        if (spells(bytes, at, nameEnd, 'expect'))
          this.expectsContinue ||= spells(bytes, valueStart, valueEnd, '100-continue');
        return true;
      case 10:
        if (spells(bytes, at, nameEnd, 'connection')) this.#noteConnection(bytes, valueStart, valueEnd);
        return true;
      case 13:
        if (spells(bytes, at, nameEnd, 'authorization')) this.#noteAuthentication(bytes, valueStart, valueEnd);
        return true;
      case 14:
        return (
          !spells(bytes, at, nameEnd, 'content-length') ||
          this.#noteLength(bytes.toString('latin1', valueStart, valueEnd))
        );
      case 16:
        if (spells(bytes, at, nameEnd, 'www-authenticate')) this.#noteAuthentication(bytes, valueStart, valueEnd);
        return true;
      case 17:
        if (spells(bytes, at, nameEnd, 'transfer-encoding')) {
          const value = bytes.toString('latin1', valueStart, valueEnd).toLowerCase();
          // An empty value still counts as given: the comma keeps it apart from no header at all.
          this.transferEncoding = `${this.transferEncoding},${value}`;
        }
        return true;
      default:
        return true;
    }
  }

  #noteAuthentication(bytes: Buffer, from: number, to: number): void {
    this.bindsConnection ||= CONNECTION_BOUND.test(bytes.toString('latin1', from, to));
  }

  #noteConnection(bytes: Buffer, from: number, to: number): void {
    if (spells(bytes, from, to, 'keep-alive')) this.connectionKeepAlive = true;
    else if (spells(bytes, from, to, 'close')) this.connectionClose = true;
    else {
      for (const option of listOf(bytes.toString('latin1', from, to).toLowerCase())) {
        if (option === 'close') this.connectionClose = true;
        else if (option === 'keep-alive') this.connectionKeepAlive = true;
        else if (option === 'upgrade') this.connectionUpgrade = true;
      }
    }
  }

  /** `5` or `5, 5`; several must agree (RFC 9112 section 6.3, rule 5). */
  #noteLength(value: string): boolean {
    for (const digits of listOf(value)) {
      if (!/^\d+$/.test(digits) || digits.length > MAX_LENGTH_DIGITS) return this.#fail('bad-content-length') > 0;
      const length = Number(digits);
      if (this.contentLength !== NO_LENGTH && this.contentLength !== length) {
        return this.#fail('differing-content-lengths') > 0;
      }
      this.contentLength = length;
    }
    return true;
  }

  #fail(problem: FieldProblem): number {
    this.problem = problem;
    return MALFORMED;
  }
}

/** The members of a comma-separated value. Only blanks are white space here: `trim` would also take away what makes a value wrong. */
export function listOf(value: string): string[] {
  return value.split(',').map((member) => member.replace(/^[ \t]+|[ \t]+$/g, ''));
}

/** Where the CR of the value's line is; LF on its own, NUL and nothing else end it as an error (RFC 9110 section 5.5). */
function scanValue(bytes: Buffer, from: number, end: number): number {
  for (let at = from; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte > CR) continue;
    if (byte === CR) return at;
    if (byte === LF || byte === 0) return MALFORMED;
  }
  return NEED_MORE;
}

function problemOfName(stop: number, empty: boolean): FieldProblem {
  if (!isBlankByte(stop)) return 'bad-field';
  return empty ? 'obs-fold' : 'space-before-colon';
}

function isBlankByte(byte: number): boolean {
  return byte === SP || byte === HTAB;
}
