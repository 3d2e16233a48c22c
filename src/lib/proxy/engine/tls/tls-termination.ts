import type { Socket } from 'node:net';
import { TLSSocket, type SecureContext } from 'node:tls';
import type { Cancel } from '../../../runtime/clock.ts';
import type { ClientWire, WireOwner } from '../client-wire.ts';
import type { LinkLoss, LinkOwner, UpstreamLink } from '../upstream-link.ts';

/** A client that has begun a handshake is given this long for the rest of it. */
const HANDSHAKE_TIMEOUT_MS = 10_000;
const HTTP1 = 'http/1.1';

export interface TerminationOptions {
  readonly socket: Socket;
  /** What the client has sent already. */
  readonly first: Buffer;
  readonly context: SecureContext;
  readonly offeredAlpn: readonly string[];
  /** The protocols that the listener agrees on; undefined: those of the service. */
  readonly ownAlpn: readonly string[] | undefined;
  readonly serverName: string | undefined;
  /** Whether the service speaks TLS: then it is asked first what it agrees on. */
  readonly reoriginates: boolean;
}

/**
 * Ends a client's TLS at the proxy. A service that speaks TLS as well is asked first, so that both sides agree on the same protocol:
 *
 *     client ──hello (h2, http/1.1)──▶ proxy ──hello (h2, http/1.1)──▶ service
 *            ◀──────── h2 ────────────       ◀──────── h2 ────────────
 */
export class TlsTermination implements WireOwner, LinkOwner {
  readonly #wire: ClientWire;
  readonly #options: TerminationOptions;
  readonly #next: (socket: TLSSocket, link: UpstreamLink | undefined) => void;
  #link: UpstreamLink | undefined;
  #cancelTimeout: Cancel | undefined;
  #isDone = false;

  /** `next` is called with the decrypted socket, whose `alpnProtocol` is agreed. */
  constructor(
    wire: ClientWire,
    options: TerminationOptions,
    next: (socket: TLSSocket, link: UpstreamLink | undefined) => void,
  ) {
    this.#wire = wire;
    this.#options = options;
    this.#next = next;
  }

  open(): void {
    const { front } = this.#wire;
    const { offeredAlpn, ownAlpn, serverName, reoriginates } = this.#options;
    this.#cancelTimeout = front.clock.after(HANDSHAKE_TIMEOUT_MS, () => this.#fail());
    if (!reoriginates) {
      this.#shakeHands(ownAlpn ?? [HTTP1]);
      return;
    }
    const alpn = ownAlpn === undefined ? offeredAlpn : offeredAlpn.filter((protocol) => ownAlpn.includes(protocol));
    this.#wire.halt(true);
    this.#link = front.dial(this, { serverName, ...(alpn.length === 0 ? {} : { alpn }) });
  }

  onLinkReady(link: UpstreamLink): void {
    this.#shakeHands([link.alpn ?? HTTP1]);
  }

  onLinkData(): boolean {
    // It speaks before the client does: kept by the kernel until somebody can make sense of it.
    return false;
  }

  onLinkEnd(): void {
    this.#fail();
  }

  onLinkDrain(): void {
    // Nothing has been written yet.
  }

  onLinkLost(loss: LinkLoss): void {
    this.#link = undefined;
    if (loss.during === 'dial') this.#wire.front.counters.dialFailures++;
    this.#fail();
  }

  onWireData(): boolean {
    // Everything goes to the TLS socket by now.
    return false;
  }

  onWireEnd(): void {
    this.#fail();
  }

  onWireReset(): void {
    this.#fail();
  }

  onWireDrain(): void {
    // Nothing is written by the wire itself.
  }

  onWireCut(): void {
    this.#fail();
  }

  onWireGone(): void {
    this.#stop();
    this.#link?.destroy();
  }

  #shakeHands(alpn: readonly string[]): void {
    if (this.#wire.isGone) return;
    const { socket, first, context, offeredAlpn } = this.#options;
    const agreed = alpn.find((protocol) => offeredAlpn.includes(protocol));
    this.#link?.pause();
    this.#wire.release();
    socket.pause();
    socket.unshift(first);
    const tls = new TLSSocket(socket, {
      isServer: true,
      secureContext: context,
      // With none in common the client is told so by the handshake, as RFC 7301 asks for.
      ...(offeredAlpn.length === 0 ? {} : { ALPNProtocols: agreed === undefined ? [...alpn] : [agreed] }),
    });
    tls.on('error', () => this.#fail());
    tls.once('end', () => this.#fail());
    tls.once('close', () => this.#fail());
    tls.once('secure', () => this.#finish(tls));
  }

  #finish(tls: TLSSocket): void {
    if (this.#isDone) return;
    this.#stop();
    const link = this.#link;
    this.#link = undefined;
    this.#next(tls, link);
    link?.resume();
  }

  #fail(): void {
    if (this.#isDone) return;
    this.#stop();
    const { counters } = this.#wire.front;
    counters.tlsFailures++;
    counters.errors++;
    this.#link?.destroy();
    this.#wire.abandon();
  }

  #stop(): void {
    this.#isDone = true;
    this.#cancelTimeout?.();
  }
}
