import { CR, LF, MALFORMED, NEED_MORE } from './http1-bytes.ts';
import { HeaderFields, listOf, NO_LENGTH, type FieldProblem } from './http1-fields.ts';
import { scanRequestLine, scanStatusLine } from './http1-start-line.ts';

/**
 * Heads of HTTP/1.x messages (RFC 9112), read in place from the bytes as they arrive.
 *
 *     GET /cart?id=7 HTTP/1.1 CRLF      start line
 *     Host: shop.test CRLF              header lines
 *     CRLF                              ← `end`; the body follows
 *
 * Strict where leniency lets two readers see two different messages: a line feed alone, a folded line and a space before the colon are
 * errors (RFC 9112 sections 2.2, 5.1 and 5.2 allow that for each).
 */

/** The longest head taken, four times what Node's own server takes; a longer one is refused rather than kept in memory. */
export const MAX_HEAD_BYTES = 65_536;

export type HeadProblem = FieldProblem | 'not-http' | 'head-too-large' | 'ambiguous-length' | 'bad-transfer-encoding';

export type HeadStep<Head> =
  | { readonly state: 'more' }
  /** `head.bytes` from `head.end` on is what follows the head. */
  | { readonly state: 'head'; readonly head: Head }
  /** `bytes` is all that was read since the last head, for those who pass it on as it is. */
  | { readonly state: 'bad'; readonly problem: HeadProblem; readonly bytes: Buffer };

const MORE = { state: 'more' } as const;
const EMPTY = Buffer.alloc(0);

abstract class MessageHead {
  /** The head is in [start, end) of `bytes`; nothing is copied unless it arrived in pieces. */
  bytes: Buffer = EMPTY;
  start = 0;
  end = 0;
  minorVersion = 1;
  readonly fields = new HeaderFields();

  /** The value of a header by its name in lower case. */
  header(lowerName: string): string | undefined {
    return this.fields.value(this.bytes, this.start, lowerName);
  }

  /** Name and value of each header line, as they came. */
  headerPairs(): [name: string, value: string][] {
    return this.fields.pairs(this.bytes, this.start);
  }

  /** Whether the sender lets the connection go on after this message (RFC 9112 section 9.3). */
  get keepsAlive(): boolean {
    if (this.fields.connectionClose) return false;
    return this.minorVersion > 0 || this.fields.connectionKeepAlive;
  }

  abstract scanStartLine(bytes: Buffer, at: number, end: number): number;

  /** What makes the length of the message doubtful, once all header lines are read. */
  abstract framingProblem(): HeadProblem | undefined;
}

export class RequestHead extends MessageHead {
  methodEnd = 0;
  targetEnd = 0;
  #method: string | undefined;
  #path: string | undefined;

  get method(): string {
    this.#method ??= this.#spellMethod();
    return this.#method;
  }

  /** The request target as sent, with its query. */
  get target(): string {
    return this.bytes.toString('latin1', this.start + this.methodEnd + 1, this.start + this.targetEnd);
  }

  /** The path without the query; of an absolute target (`http://host/path`) its path. */
  get path(): string {
    this.#path ??= pathOf(this.target);
    return this.#path;
  }

  override scanStartLine(bytes: Buffer, at: number, end: number): number {
    return scanRequestLine(bytes, at, end, this);
  }

  /** A request must say its length in exactly one way (RFC 9112 sections 6.1 and 6.3): anything else is request smuggling. */
  override framingProblem(): HeadProblem | undefined {
    const { transferEncoding, contentLength } = this.fields;
    if (transferEncoding === '') return undefined;
    if (contentLength !== NO_LENGTH) return 'ambiguous-length';
    return this.minorVersion === 0 || codingOf(transferEncoding) !== 'chunked' ? 'bad-transfer-encoding' : undefined;
  }

  /** The common methods without making a new string. */
  #spellMethod(): string {
    const length = this.methodEnd;
    const first = this.bytes[this.start];
    if (length === 3 && first === 0x47 && this.bytes[this.start + 1] === 0x45) return 'GET';
    if (length === 4 && first === 0x50 && this.bytes[this.start + 1] === 0x4f) return 'POST';
    return this.bytes.toString('latin1', this.start, this.start + length);
  }
}

export class ResponseHead extends MessageHead {
  status = 0;

  override scanStartLine(bytes: Buffer, at: number, end: number): number {
    return scanStatusLine(bytes, at, end, this);
  }

  override framingProblem(): HeadProblem | undefined {
    const { transferEncoding, contentLength } = this.fields;
    if (transferEncoding === '') return undefined;
    if (contentLength !== NO_LENGTH) return 'ambiguous-length';
    return this.minorVersion === 0 || codingOf(transferEncoding) === 'broken' ? 'bad-transfer-encoding' : undefined;
  }
}

function pathOf(target: string): string {
  const origin = target.startsWith('/') ? target : target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '');
  const cut = origin.search(/[?#]/);
  const path = cut < 0 ? origin : origin.slice(0, cut);
  return path === '' ? '/' : path;
}

/** `chunked` when that is the last coding and stands only there; `broken` when it stands elsewhere; else `other`. */
export function codingOf(transferEncoding: string): 'chunked' | 'other' | 'broken' {
  const codings = listOf(transferEncoding).filter((coding) => coding !== '');
  const first = codings.indexOf('chunked');
  if (codings.length === 0) return 'broken';
  if (first < 0) return 'other';
  return first === codings.length - 1 ? 'chunked' : 'broken';
}

/** Reads one head after another from the bytes of one connection. */
export class HeadReader<Head extends MessageHead> {
  readonly #create: () => Head;
  #head: Head | undefined;
  /** Bytes of a head that is not complete yet. */
  #held: Buffer | undefined;
  /** How many of them are in lines already scanned. */
  #scanned = 0;

  constructor(create: () => Head) {
    this.#create = create;
  }

  /** Reads on with `chunk` from `from`. After `head` and `bad` the reader is ready for the next head. */
  push(chunk: Buffer, from = 0): HeadStep<Head> {
    const held = this.#held;
    const bytes = held === undefined ? chunk : Buffer.concat([held, chunk.subarray(from)]);
    const begin = held === undefined ? from : 0;
    const start = this.#scanned === 0 ? skipBlankLines(bytes, begin) : begin;
    const end = Math.min(bytes.length, start + MAX_HEAD_BYTES);
    if (end - start < 2 && (bytes[start] ?? CR) === CR) return this.#hold(bytes, start);
    const head = (this.#head ??= this.#create());
    const headEnd = this.#scanLines(head, bytes, start, end);
    if (headEnd === NEED_MORE && end === bytes.length && end - start < MAX_HEAD_BYTES) return this.#hold(bytes, start);
    const problem = headEnd < 0 ? problemOf(head, headEnd, this.#scanned) : head.framingProblem();
    this.#reset();
    if (problem !== undefined) return { state: 'bad', problem, bytes: bytes.subarray(start) };
    head.bytes = bytes;
    head.start = start;
    head.end = headEnd;
    return { state: 'head', head };
  }

  /** What was read of an incomplete head; the reader starts afresh. */
  takePartial(): Buffer | undefined {
    const held = this.#held;
    this.#reset();
    return held;
  }

  /** The end of the head, NEED_MORE or MALFORMED. Lines scanned before are not scanned again. */
  #scanLines(head: Head, bytes: Buffer, start: number, end: number): number {
    if (this.#scanned === 0) {
      const next = head.scanStartLine(bytes, start, end);
      if (next < 0) return next;
      this.#scanned = next - start;
    }
    for (;;) {
      const at = start + this.#scanned;
      if (bytes[at] === CR && at < end) return at + 1 === end ? NEED_MORE : bytes[at + 1] === LF ? at + 2 : MALFORMED;
      const next = head.fields.scanLine(bytes, start, at, end);
      if (next < 0) return next;
      this.#scanned = next - start;
    }
  }

  #hold(bytes: Buffer, start: number): typeof MORE {
    this.#held = start === bytes.length ? undefined : bytes.subarray(start);
    return MORE;
  }

  #reset(): void {
    this.#head = undefined;
    this.#held = undefined;
    this.#scanned = 0;
  }
}

function problemOf(head: MessageHead, result: number, scanned: number): HeadProblem {
  if (result === NEED_MORE) return 'head-too-large';
  return scanned === 0 ? 'not-http' : (head.fields.problem ?? 'bad-field');
}

/** Empty lines before a start line are to be ignored (RFC 9112 section 2.2). */
function skipBlankLines(bytes: Buffer, from: number): number {
  let at = from;
  while (bytes[at] === CR && bytes[at + 1] === LF) at += 2;
  return at;
}
