import { ChunkedScanner } from './http1-chunked.ts';
import { NO_LENGTH } from './http1-fields.ts';
import { codingOf, type RequestHead, type ResponseHead } from './http1-head.ts';

/** How the end of a message is found (RFC 9112 section 6.3). A tunnel has none: both directions are raw bytes from here on. */
export type BodyFraming =
  | { readonly body: 'none' | 'chunked' | 'until-close' | 'tunnel' }
  | { readonly body: 'length'; readonly bytes: number };

const NONE: BodyFraming = { body: 'none' };
const CHUNKED: BodyFraming = { body: 'chunked' };
const UNTIL_CLOSE: BodyFraming = { body: 'until-close' };
const TUNNEL: BodyFraming = { body: 'tunnel' };

/** The framing of a request that HeadReader has passed. What follows a CONNECT is no body, whatever its header lines say. */
export function requestFraming(head: RequestHead): BodyFraming {
  if (head.method === 'CONNECT') return NONE;
  if (head.fields.transferEncoding !== '') return CHUNKED;
  return lengthFraming(head.fields.contentLength) ?? NONE;
}

/** The framing of a final or interim response, which depends on the request's method. */
export function responseFraming(head: ResponseHead, requestMethod: string): BodyFraming {
  const { status } = head;
  if (status === 101) return TUNNEL;
  if (requestMethod === 'CONNECT' && status >= 200 && status < 300) return TUNNEL;
  if (requestMethod === 'HEAD' || status < 200 || status === 204 || status === 304) return NONE;
  if (head.fields.transferEncoding !== '') {
    return codingOf(head.fields.transferEncoding) === 'chunked' ? CHUNKED : UNTIL_CLOSE;
  }
  return lengthFraming(head.fields.contentLength) ?? UNTIL_CLOSE;
}

function lengthFraming(contentLength: number): BodyFraming | undefined {
  if (contentLength === NO_LENGTH) return undefined;
  return contentLength === 0 ? NONE : { body: 'length', bytes: contentLength };
}

/** Follows one body through the chunks of a connection, only to know where it ends. */
export class BodyScanner {
  /** `bad`: a chunked body that cannot be followed any further. */
  state: 'open' | 'done' | 'bad' = 'done';
  #remaining = 0;
  #chunked: ChunkedScanner | undefined;

  begin(framing: BodyFraming): void {
    this.#chunked = framing.body === 'chunked' ? new ChunkedScanner() : undefined;
    this.#remaining = framing.body === 'length' ? framing.bytes : Infinity;
    this.state = framing.body === 'none' ? 'done' : 'open';
  }

  /** The bytes to come, as far as the head said; 0 when it did not. */
  get remainingBytes(): number {
    return this.#remaining === Infinity ? 0 : this.#remaining;
  }

  /** How much of [from, bytes.length) belongs to the body: the offset where it ends, or where it went bad. */
  scan(bytes: Uint8Array, from: number): number {
    if (this.state !== 'open') return from;
    if (this.#chunked !== undefined) {
      const at = this.#chunked.scan(bytes, from);
      this.state = this.#chunked.state;
      return at;
    }
    const taken = Math.min(this.#remaining, bytes.length - from);
    this.#remaining -= taken;
    if (this.#remaining === 0) this.state = 'done';
    return from + taken;
  }
}
