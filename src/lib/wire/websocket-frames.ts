/**
 * WebSocket frames (RFC 6455 section 5.2), followed in place: only headers are looked at, payloads are neither kept nor unmasked.
 *
 *     byte 0                 byte 1           then
 *     FIN RSV1-3 opcode(4)   MASK length(7)   [length 16 or 64 bits]  [masking key 32 bits]  payload …
 *
 *     text, not FIN │ ping │ continuation │ continuation, FIN      one data message, with a control frame between its fragments
 *     starts                                ends
 */

/** The opcodes of RFC 6455 section 11.8; all others are reserved. */
export const WEBSOCKET_OPCODE = {
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
} as const;

/** Why a connection's frames cannot be followed any further. */
export type WebSocketProblem =
  | 'reserved-opcode'
  | 'fragmented-control'
  | 'long-control'
  | 'bad-length'
  | 'stray-continuation'
  | 'unfinished-message';

/** Opcodes from here on are those of control frames. */
const FIRST_CONTROL_OPCODE = 0x8;
const MAX_CONTROL_BYTES = 125;
/** Values of the short length which say that 2 or 8 bytes of length follow. */
const LENGTH_16 = 126;
const LENGTH_64 = 127;
/** The bytes of FIN and opcode, and of MASK and short length. */
const FIXED_HEADER_BYTES = 2;
const MASK_BYTES = 4;
/** The place for a close reason beside the code. */
const MAX_REASON_BYTES = MAX_CONTROL_BYTES - 2;

/**
 * Follows one direction of a WebSocket connection from frame to frame. A length that is longer than it need be, and reserved bits, which
 * belong to extensions, are taken as they are. Nothing is allocated per frame.
 */
export class WebSocketScanner {
  /** Set once the bytes are no frames; everything from there on counts as one frame without end. */
  problem: WebSocketProblem | undefined;
  /** No frame is under way. What follows describes the frame under way, else the one that ended last. */
  isAtBoundary = true;
  opcode = 0;
  fin = false;
  /** The payload is compressed, when permessage-deflate was agreed (RFC 7692 section 6); set on the first frame of a message only. */
  rsv1 = false;
  /** These two are right once `hasHeader` is true; what stands above is so from the first byte of the frame. */
  masked = false;
  payloadBytes = 0;
  #headerSeen = 0;
  #headerBytes = FIXED_HEADER_BYTES;
  #lengthEnd = FIXED_HEADER_BYTES;
  #payloadLeft = 0;
  #isInMessage = false;

  /** The whole header of the frame has been seen. */
  get hasHeader(): boolean {
    return this.#headerSeen === this.#headerBytes;
  }

  /** The frame is the first of a data message. */
  get startsMessage(): boolean {
    return this.opcode === WEBSOCKET_OPCODE.text || this.opcode === WEBSOCKET_OPCODE.binary;
  }

  /** The frame is the last of a data message. */
  get endsMessage(): boolean {
    return this.fin && this.opcode < FIRST_CONTROL_OPCODE;
  }

  /** No frame and no fragmented message is under way: a whole message could stand here. */
  get isBetweenMessages(): boolean {
    return this.isAtBoundary && !this.#isInMessage;
  }

  /** Scans from `at` and returns the offset after the frame, or `bytes.length` when the frame goes on (always, once there is a problem). */
  scan(bytes: Uint8Array, at: number): number {
    if (this.isAtBoundary && at < bytes.length) this.#beginFrame();
    let offset = at;
    while (offset < bytes.length && !this.hasHeader && this.problem === undefined) {
      this.#takeHeaderByte(bytes[offset++] ?? 0);
    }
    if (this.problem !== undefined || !this.hasHeader) return bytes.length;
    const taken = Math.min(this.#payloadLeft, bytes.length - offset);
    this.#payloadLeft -= taken;
    this.isAtBoundary = this.#payloadLeft === 0;
    return offset + taken;
  }

  #beginFrame(): void {
    this.isAtBoundary = false;
    this.masked = false;
    this.payloadBytes = 0;
    this.#headerSeen = 0;
  }

  #takeHeaderByte(byte: number): void {
    const index = this.#headerSeen++;
    if (index === 0) this.problem = this.#takeOpcode(byte);
    else if (index === 1) this.problem = this.#takeShortLength(byte);
    else if (index < this.#lengthEnd) this.problem = this.#takeLengthByte(byte);
    this.#payloadLeft = this.payloadBytes;
  }

  #takeOpcode(byte: number): WebSocketProblem | undefined {
    this.opcode = byte & 0x0f;
    this.fin = byte >= 0x80;
    this.rsv1 = (byte & 0x40) !== 0;
    switch (this.opcode) {
      case WEBSOCKET_OPCODE.continuation:
        if (!this.#isInMessage) return 'stray-continuation';
        this.#isInMessage = !this.fin;
        return undefined;
      case WEBSOCKET_OPCODE.text:
      case WEBSOCKET_OPCODE.binary:
        if (this.#isInMessage) return 'unfinished-message';
        this.#isInMessage = !this.fin;
        return undefined;
      case WEBSOCKET_OPCODE.close:
      case WEBSOCKET_OPCODE.ping:
      case WEBSOCKET_OPCODE.pong:
        return this.fin ? undefined : 'fragmented-control';
      default:
        return 'reserved-opcode';
    }
  }

  #takeShortLength(byte: number): WebSocketProblem | undefined {
    const length = byte & 0x7f;
    if (length > MAX_CONTROL_BYTES && this.opcode >= FIRST_CONTROL_OPCODE) return 'long-control';
    this.masked = byte >= 0x80;
    this.payloadBytes = length > MAX_CONTROL_BYTES ? 0 : length;
    this.#lengthEnd = FIXED_HEADER_BYTES + (length === LENGTH_16 ? 2 : length === LENGTH_64 ? 8 : 0);
    this.#headerBytes = this.#lengthEnd + (this.masked ? MASK_BYTES : 0);
    return undefined;
  }

  /** Nobody sends 2^53 bytes in a frame: such a length is no length, as is one with its top bit set. */
  #takeLengthByte(byte: number): WebSocketProblem | undefined {
    const isSigned = this.#lengthEnd - this.#headerSeen === 7 && byte >= 0x80;
    this.payloadBytes = this.payloadBytes * 256 + byte;
    return isSigned || this.payloadBytes > Number.MAX_SAFE_INTEGER ? 'bad-length' : undefined;
  }
}

/**
 * Whether a close frame may carry the code (RFC 6455 section 7.4 and the registry it opened): not 1005, 1006 or 1015, which only say what was
 * seen.
 */
export function isSendableCloseCode(code: number): boolean {
  if (!Number.isInteger(code)) return false;
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

/**
 * A close frame (RFC 6455 section 5.5.1): masked with the four bytes of `mask` as clients must, unmasked without as servers must. The reason is
 * cut to the 123 bytes that fit, between two characters. Throws on a mask of another length and on a code that is no 16-bit number.
 */
export function encodeCloseFrame(code: number, reason: string, mask: Buffer | undefined): Buffer {
  if (mask !== undefined && mask.length !== MASK_BYTES) throw new Error(`a mask of ${mask.length} bytes`);
  const text = cutText(Buffer.from(reason), MAX_REASON_BYTES);
  const payload = Buffer.alloc(2 + text.length);
  payload.writeUInt16BE(code);
  text.copy(payload, 2);
  const fixed = Buffer.from([0x80 | WEBSOCKET_OPCODE.close, (mask === undefined ? 0 : 0x80) | payload.length]);
  if (mask === undefined) return Buffer.concat([fixed, payload]);
  return Buffer.concat([fixed, mask, payload.map((byte, i) => byte ^ (mask[i % MASK_BYTES] ?? 0))]);
}

/** UTF-8 cut to a length without cutting a character: continuation bytes are 10xxxxxx. */
function cutText(text: Buffer, limitBytes: number): Buffer {
  if (text.length <= limitBytes) return text;
  let end = limitBytes;
  while (((text[end] ?? 0) & 0xc0) === 0x80) end--;
  return text.subarray(0, end);
}

/**
 * A `Sec-WebSocket-Extensions` value of a request in which each offer of permessage-deflate asks that the service inflates to nothing but the
 * message itself (RFC 7692 section 7.1.1.1), so that messages can be left out or sent twice. All else stays as it is.
 */
export function offerWithoutContextTakeover(header: string): string {
  return withDeflateParameter(header, 'server_no_context_takeover');
}

/** The same for a response, to the client, which must follow (RFC 7692 section 7.1.1.2). */
export function acceptWithoutContextTakeover(header: string): string {
  return withDeflateParameter(header, 'client_no_context_takeover');
}

/** A value with a quotation mark that is never closed is left alone: nobody can say what belongs to what in it. */
function withDeflateParameter(header: string, parameter: string): string {
  const extensions = splitOutsideQuotes(header, ',');
  return extensions?.map((extension) => completeExtension(extension, parameter)).join(',') ?? header;
}

function completeExtension(extension: string, parameter: string): string {
  const [name = '', ...parameters] = splitOutsideQuotes(extension, ';') ?? [];
  if (name.trim().toLowerCase() !== 'permessage-deflate') return extension;
  if (parameters.some((one) => one.replace(/=.*$/s, '').trim().toLowerCase() === parameter)) return extension;
  const end = extension.trimEnd().length;
  return `${extension.slice(0, end)}; ${parameter}${extension.slice(end)}`;
}

/** The parts between separators, those in quoted strings (RFC 9110 section 5.6.4) left out; undefined when a quoted string has no end. */
function splitOutsideQuotes(text: string, separator: string): string[] | undefined {
  const parts: string[] = [];
  let from = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (isQuoted && char === '\\') at++;
    else if (char === '"') isQuoted = !isQuoted;
    else if (char === separator && !isQuoted) {
      parts.push(text.slice(from, at));
      from = at + 1;
    }
  }
  parts.push(text.slice(from));
  return isQuoted ? undefined : parts;
}
