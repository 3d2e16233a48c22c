import type { ClientWire, WireOwner } from './client-wire.ts';
import type { LinkLoss, LinkOwner, UpstreamLink } from './upstream-link.ts';

/**
 * Raw bytes between a client and the service. Each direction ends on its own (half-close); a reset of one side resets the other, once what
 * came before has gone out.
 *
 *     client ══ wire ══▶ link ══▶ service
 *            ◀══      ◀══     ◀══
 */
export class TcpRelay implements WireOwner, LinkOwner {
  readonly #wire: ClientWire;
  #link: UpstreamLink | undefined;

  /** `link`: one that was begun already; without it the service is dialled. */
  constructor(wire: ClientWire, link?: UpstreamLink) {
    this.#wire = wire;
    this.#link = link;
  }

  /** The same with a link that was begun for it. */
  openWith(link: UpstreamLink, first: Buffer): void {
    this.#link = link;
    this.open(first);
  }

  /** Begins; what the client sent before goes first. */
  open(first?: Buffer): void {
    const wire = this.#wire;
    // The faults on raw streams may end the connection at once.
    wire.becomeRaw();
    if (wire.isGone) {
      this.#link?.destroy();
      return;
    }
    if (this.#link === undefined) this.#link = wire.front.dial(this, wire.view);
    else this.#link.handTo(this);
    this.#link.countIn();
    wire.hand(this, first);
  }

  onWireData(chunk: Buffer): boolean {
    const link = this.#link;
    if (link === undefined) return true;
    if (!link.write(chunk)) this.#wire.halt(true);
    return link.isFlushed;
  }

  onWireEnd(): void {
    this.#link?.end();
  }

  onWireReset(): void {
    this.#wire.front.counters.errors++;
    this.#link?.reset();
    this.#link = undefined;
  }

  onWireDrain(): void {
    this.#link?.resume();
  }

  onWireCut(): void {
    this.#link?.end();
    this.#link?.detach();
    this.#link = undefined;
    this.#wire.hangUp();
  }

  onWireGone(): void {
    // After an orderly end the service may not have read everything yet: that still goes to it.
    if (this.#link?.isEnded === true) this.#link.detach();
    else this.#link?.destroy();
    this.#link = undefined;
  }

  onLinkData(chunk: Buffer): boolean {
    this.#wire.front.counters.bytesOut += chunk.length;
    if (!this.#wire.write(chunk)) this.#link?.pause();
    return this.#wire.isFlushed;
  }

  onLinkEnd(): void {
    this.#wire.end();
  }

  onLinkDrain(): void {
    this.#wire.halt(false);
  }

  onLinkLost(loss: LinkLoss): void {
    const { counters } = this.#wire.front;
    counters.errors++;
    if (loss.during === 'dial') counters.dialFailures++;
    this.#link = undefined;
    this.#wire.resetAfterWrites();
  }
}
