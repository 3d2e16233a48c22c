import { NEED_MORE } from '../../wire/http1-bytes.ts';
import { RequestHead } from '../../wire/http1-head.ts';
import { CONNECTION_PREFACE } from '../../wire/http2-frames.ts';
import { readClientHello } from '../../wire/tls-client-hello.ts';
import type { Cancel } from '../../runtime/clock.ts';
import type { ClientWire, WireOwner } from './client-wire.ts';
import type { LinkLoss, LinkOwner, UpstreamLink } from './upstream-link.ts';

/** What the first bytes of a connection say that it speaks. */
export type Spoken =
  | { readonly speaks: 'http1' | 'http2' | 'raw' }
  | { readonly speaks: 'tls'; readonly serverName: string | undefined; readonly alpn: readonly string[] };

/** Who goes on once it is known. */
export interface SniffedOwner {
  onSpoken(spoken: Spoken, first: Buffer | undefined, link: UpstreamLink | undefined): void;
}

export interface SnifferOptions {
  /** Whether to dial the service at once: it may be the one that speaks first (MySQL, SMTP, SSH). */
  readonly dialsFirst: boolean;
  /** Whether TLS is taken off: then a slow client's hello is worth waiting for. */
  readonly endsTls: boolean;
  /** Whether bytes that are no HTTP may be anything at all; otherwise HTTP/1 is left to complain. */
  readonly takesRaw: boolean;
}

/** Bytes that look like the beginning of HTTP or TLS, but stop there, are passed on raw after this. */
const PATIENCE_MS = 200;
/** A hello may need several packets, and those a while. */
const HELLO_PATIENCE_MS = 10_000;
/** How long a client may take to speak when the service cannot be reached: an HTTP client is owed an answer. */
const UNREACHABLE_PATIENCE_MS = 100;
const TLS_HANDSHAKE = 0x16;
const EMPTY = Buffer.alloc(0);

/**
 * Finds out what a connection speaks, by who speaks first and how:
 *
 *     client: PRI * HTTP/2.0 …      HTTP/2                client: 0x16 0x03 …   TLS, with the name it asks for
 *     client: GET / HTTP/1.1 …      HTTP/1                service first, or anything else: raw
 */
export class Sniffer implements WireOwner, LinkOwner {
  readonly #wire: ClientWire;
  readonly #options: SnifferOptions;
  readonly #next: SniffedOwner;
  #bytes: Buffer = EMPTY;
  #link: UpstreamLink | undefined;
  #cancelPatience: Cancel | undefined;
  #isUnreachable = false;
  #isDone = false;

  constructor(wire: ClientWire, options: SnifferOptions, next: SniffedOwner) {
    this.#wire = wire;
    this.#options = options;
    this.#next = next;
  }

  open(): void {
    if (this.#options.dialsFirst && !this.#wire.isGone) this.#link = this.#wire.front.dial(this);
  }

  onWireData(chunk: Buffer): boolean {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    const spoken = classify(this.#bytes, this.#options.takesRaw);
    if (spoken !== undefined) this.#decide(spoken);
    else this.#wait(this.#options.endsTls && this.#bytes[0] === TLS_HANDSHAKE ? HELLO_PATIENCE_MS : PATIENCE_MS);
    return false;
  }

  onWireEnd(): void {
    this.#decide({ speaks: this.#options.takesRaw ? 'raw' : 'http1' });
  }

  onWireReset(): void {
    this.#link?.destroy();
    this.#link = undefined;
    this.#isDone = true;
  }

  onWireDrain(): void {
    // Nothing has been written yet.
  }

  onWireCut(): void {
    this.#stop();
    this.#wire.hangUp();
  }

  onWireGone(): void {
    this.#stop();
  }

  /** The service speaks first. */
  onLinkData(chunk: Buffer): boolean {
    const link = this.#link;
    this.#decide({ speaks: 'raw' });
    // Whoever has taken over the link gets what came; nothing was lost.
    link?.replay(chunk);
    return false;
  }

  onLinkEnd(): void {
    const link = this.#link;
    this.#decide({ speaks: 'raw' });
    link?.replayEnd();
  }

  onLinkDrain(): void {
    // Nothing has been written yet.
  }

  onLinkLost(loss: LinkLoss): void {
    this.#link = undefined;
    if (loss.during === 'use') {
      this.#wire.reset();
      return;
    }
    this.#isUnreachable = true;
    if (this.#bytes.length === 0) this.#wait(UNREACHABLE_PATIENCE_MS);
  }

  #wait(patienceMs: number): void {
    this.#cancelPatience ??= this.#wire.front.clock.after(patienceMs, () => this.#giveUp());
  }

  #giveUp(): void {
    if (this.#bytes.length > 0) this.#decide({ speaks: 'raw' });
    else if (this.#isUnreachable) {
      this.#wire.front.counters.dialFailures++;
      this.#wire.front.counters.errors++;
      this.#wire.reset();
    }
  }

  #decide(spoken: Spoken): void {
    if (this.#isDone) return;
    const link = this.#link;
    this.#link = undefined;
    this.#stop();
    this.#next.onSpoken(spoken, this.#bytes.length === 0 ? undefined : this.#bytes, link);
  }

  #stop(): void {
    this.#isDone = true;
    this.#cancelPatience?.();
    this.#link?.destroy();
    this.#link = undefined;
  }
}

/** What the bytes say; undefined while more of them are needed to tell. */
export function classify(bytes: Buffer, takesRaw: boolean): Spoken | undefined {
  if (bytes[0] === TLS_HANDSHAKE) {
    const step = readClientHello(bytes);
    if (step.state === 'more') return undefined;
    if (step.state === 'hello') return { speaks: 'tls', serverName: step.serverName, alpn: step.alpn };
    return { speaks: 'raw' };
  }
  const prefaceBytes = Math.min(bytes.length, CONNECTION_PREFACE.length);
  if (bytes.compare(CONNECTION_PREFACE, 0, prefaceBytes, 0, prefaceBytes) === 0) {
    return prefaceBytes === CONNECTION_PREFACE.length ? { speaks: 'http2' } : undefined;
  }
  if (!takesRaw) return { speaks: 'http1' };
  const lineEnd = new RequestHead().scanStartLine(bytes, 0, bytes.length);
  if (lineEnd === NEED_MORE) return undefined;
  return { speaks: lineEnd < 0 ? 'raw' : 'http1' };
}
