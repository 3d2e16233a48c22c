import { STATUS_CODES } from 'node:http';
import { CR } from './http1-bytes.ts';
import type { RequestHead, ResponseHead } from './http1-head.ts';

/** What is to be different in a head. Method and target count for requests only, status and reason for responses only. */
export interface HeadEdits {
  readonly method?: string;
  readonly target?: string;
  readonly status?: number;
  /** Without it, a changed status brings its usual phrase. */
  readonly reason?: string;
  /** Values by name in lower case: in place of the first line of that name, the others go; else a new line at the end. */
  readonly set?: ReadonlyMap<string, string>;
  /** Names in lower case; one that is also set is set. */
  readonly remove?: ReadonlySet<string>;
}

/** `HTTP/1.1` and the blank after it. */
const STATUS_AT = 9;
/** The status is three digits; readers take no others (RFC 9112 section 4). */
const MIN_STATUS = 100;
const MAX_STATUS = 999;
const LINE_END_BYTES = 2;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** The head with the edits made; all else keeps its bytes, order and case. Throws on an edit that would not stay within its place. */
export function writeRequestHead(head: RequestHead, edits: HeadEdits): Buffer {
  const { bytes, start, end, methodEnd, targetEnd } = head;
  const copy = new EditedCopy(bytes, start, end);
  if (edits.method !== undefined) {
    copy.replace(start, start + methodEnd, checked('method', edits.method, TOKEN.test(edits.method)));
  }
  if (edits.target !== undefined) {
    copy.replace(start + methodEnd + 1, start + targetEnd, checked('target', edits.target, isTarget(edits.target)));
  }
  editFields(copy, head, edits);
  return copy.finish();
}

/** The same for a response. */
export function writeResponseHead(head: ResponseHead, edits: HeadEdits): Buffer {
  const copy = new EditedCopy(head.bytes, head.start, head.end);
  const status = edits.status ?? head.status;
  if (edits.reason !== undefined || status !== head.status) {
    const reason = edits.reason ?? STATUS_CODES[status] ?? '';
    const isRight = Number.isInteger(status) && status >= MIN_STATUS && status <= MAX_STATUS && isFieldValue(reason);
    const lineEnd = head.bytes.indexOf(CR, head.start);
    copy.replace(head.start + STATUS_AT, lineEnd, checked('status', `${status} ${reason}`, isRight));
  }
  editFields(copy, head, edits);
  return copy.finish();
}

/** Whether the text can be a header's name (RFC 9110 section 5.1). */
export function isFieldName(name: string): boolean {
  return TOKEN.test(name);
}

/**
 * Whether the text can be a header's value without ending its line: latin1 without CR, LF and NUL. Characters beyond latin1 would lose their
 * high byte when they are written, and U+010A would become a line feed.
 */
export function isFieldValue(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const char = value.charCodeAt(i);
    if (char > 0xff || char === 0x0d || char === 0x0a || char === 0) return false;
  }
  return true;
}

function isTarget(target: string): boolean {
  for (let i = 0; i < target.length; i++) {
    const char = target.charCodeAt(i);
    if (char <= 0x20 || char === 0x7f || char > 0xff) return false;
  }
  return target !== '';
}

function editFields(copy: EditedCopy, head: RequestHead | ResponseHead, edits: HeadEdits): void {
  const pending = new Map(edits.set);
  for (const [name, value] of pending) {
    checked('name', name, isFieldName(name) && name === name.toLowerCase());
    checked(`value of ${name}`, value, isFieldValue(value));
  }
  editLines(copy, head, edits, pending);
  const blankLine = head.end - LINE_END_BYTES;
  for (const [name, value] of pending) copy.replace(blankLine, blankLine, `${name}: ${value}\r\n`);
}

/** Goes through the lines that are there, and takes from `pending` what it has set. */
function editLines(
  copy: EditedCopy,
  { bytes, start, end, fields }: RequestHead | ResponseHead,
  { set, remove }: HeadEdits,
  pending: Map<string, string>,
): void {
  for (let line = 0; line < fields.count; line++) {
    const place = fields.placeOf(line);
    const name = bytes.toString('latin1', start + place.nameStart, start + place.nameEnd).toLowerCase();
    const value = pending.get(name);
    if (value !== undefined) {
      copy.replace(start + place.valueStart, start + place.valueEnd, value);
      pending.delete(name);
    } else if (set?.has(name) === true || remove?.has(name) === true) {
      const next = line + 1 < fields.count ? start + fields.placeOf(line + 1).nameStart : end - LINE_END_BYTES;
      copy.replace(start + place.nameStart, next, '');
    }
  }
}

/** Such an edit comes from a setting that was not validated at the door: a bug of ours. */
function checked(what: string, text: string, isRight: boolean): string {
  if (!isRight) throw new Error(`not to be written as the ${what} of a head: ${JSON.stringify(text)}`);
  return text;
}

/** A copy of [from, end) with stretches of it replaced, from front to back. */
class EditedCopy {
  readonly #bytes: Buffer;
  readonly #end: number;
  readonly #pieces: Buffer[] = [];
  #copied: number;

  constructor(bytes: Buffer, from: number, end: number) {
    this.#bytes = bytes;
    this.#copied = from;
    this.#end = end;
  }

  replace(from: number, to: number, text: string): void {
    this.#pieces.push(this.#bytes.subarray(this.#copied, from), Buffer.from(text, 'latin1'));
    this.#copied = to;
  }

  finish(): Buffer {
    return Buffer.concat([...this.#pieces, this.#bytes.subarray(this.#copied, this.#end)]);
  }
}
