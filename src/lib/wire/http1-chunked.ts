import { CR, HTAB, LF, SEMICOLON, SP } from './http1-bytes.ts';

/** The longest chunk-size line with its extensions, and the longest trailer section. Nothing that is really sent comes near. */
const MAX_SIZE_LINE_BYTES = 4096;
const MAX_TRAILER_BYTES = 65_536;
/** 13 hexadecimal digits are 52 bits: more than any chunk, and still exact. */
const MAX_SIZE_DIGITS = 13;

/** Where in the body the next byte stands. `done` and `bad` are final. */
type Place =
  | 'size'
  | 'extension'
  | 'size-line-feed'
  | 'data'
  | 'data-return'
  | 'data-line-feed'
  | 'trailer-start'
  | 'trailer'
  | 'trailer-line-feed'
  | 'last-line-feed'
  | 'done'
  | 'bad';

/**
 * Finds the end of a chunked body (RFC 9112 section 7.1) without touching what is in it.
 *
 *     4;ext=1 CRLF  Wiki CRLF  0 CRLF  Digest: x CRLF  CRLF
 *     size, ext     data       last    trailers        ↑ end
 *
 * Line feeds alone are refused everywhere, since a reader that takes them sees other chunks than one that does not. Blanks after the size,
 * which some old servers pad it with, are taken as an extension.
 */
export class ChunkedScanner {
  #place: Place = 'size';
  #digits = 0;
  #size = 0;
  #lineBytes = 0;
  #trailerBytes = 0;

  get state(): 'open' | 'done' | 'bad' {
    return this.#place === 'done' || this.#place === 'bad' ? this.#place : 'open';
  }

  /** The next byte is one of data. */
  get isAtData(): boolean {
    return this.#place === 'data';
  }

  /** Scans from `from` and returns the offset at which the body ended, or where scanning stopped. */
  scan(bytes: Uint8Array, from: number): number {
    let at = from;
    while (at < bytes.length && this.state === 'open') {
      at = this.#place === 'data' ? this.skipData(bytes, at) : this.scanFraming(bytes, at);
    }
    return at;
  }

  /** Scans what is no data; returns the offset at which data begins, the body ended, or scanning stopped. */
  scanFraming(bytes: Uint8Array, from: number): number {
    for (let at = from; at < bytes.length; at++) {
      if (this.#place === 'data') return at;
      this.#place = this.#next(bytes[at] ?? 0);
      if (this.#place === 'bad') return at;
      if (this.#place === 'done') return at + 1;
    }
    return bytes.length;
  }

  /** The offset at which the data of the chunk ends that goes on at `at`; only where `isAtData`. */
  skipData(bytes: Uint8Array, at: number): number {
    const taken = Math.min(this.#size, bytes.length - at);
    this.#size -= taken;
    if (this.#size === 0) this.#place = 'data-return';
    return at + taken;
  }

  #next(byte: number): Place {
    switch (this.#place) {
      case 'size':
        return this.#afterSize(byte);
      case 'extension':
        return this.#afterExtension(byte);
      case 'size-line-feed':
        if (byte !== LF) return 'bad';
        return this.#size === 0 ? 'trailer-start' : 'data';
      case 'data':
        return 'data';
      case 'data-return':
        return byte === CR ? 'data-line-feed' : 'bad';
      case 'data-line-feed':
        this.#digits = 0;
        this.#lineBytes = 0;
        return byte === LF ? 'size' : 'bad';
      case 'trailer-start':
        return byte === CR ? 'last-line-feed' : this.#afterTrailer(byte);
      case 'trailer':
        return this.#afterTrailer(byte);
      case 'trailer-line-feed':
        return byte === LF ? 'trailer-start' : 'bad';
      case 'last-line-feed':
        return byte === LF ? 'done' : 'bad';
      case 'done':
      case 'bad':
        return this.#place;
    }
  }

  #afterSize(byte: number): Place {
    const digit = hexDigit(byte);
    if (digit >= 0) {
      this.#size = (this.#digits === 0 ? 0 : this.#size) * 16 + digit;
      return ++this.#digits > MAX_SIZE_DIGITS ? 'bad' : 'size';
    }
    if (this.#digits === 0) return 'bad';
    if (byte === CR) return 'size-line-feed';
    return byte === SEMICOLON || byte === SP || byte === HTAB ? 'extension' : 'bad';
  }

  #afterExtension(byte: number): Place {
    if (byte === LF || byte === 0 || ++this.#lineBytes > MAX_SIZE_LINE_BYTES) return 'bad';
    return byte === CR ? 'size-line-feed' : 'extension';
  }

  #afterTrailer(byte: number): Place {
    if (byte === LF || byte === 0 || ++this.#trailerBytes > MAX_TRAILER_BYTES) return 'bad';
    return byte === CR ? 'trailer-line-feed' : 'trailer';
  }
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
