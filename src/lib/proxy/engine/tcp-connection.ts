import type { Socket } from 'node:net';
import type { Delay } from '../chain.ts';
import type { ConnectionAction, Dice } from '../filter.ts';
import type { InstalledFilter } from '../installed-filter.ts';
import type { Connection, Front } from './front.ts';
import { Hold } from './hold.ts';
import { Lane, type Watch } from './lane.ts';
import { resetSocket } from './sockets.ts';
import type { LinkLoss, LinkOwner, UpstreamLink } from './upstream-link.ts';

/**
 * A raw TCP connection and its counterpart to the service. Each direction ends on its own (half-close); a reset of one side resets the
 * other.
 *
 *     client ══ upstream lane ══▶ link ══▶ service
 *            ◀═ downstream lane ═      ◀══
 */
export class TcpConnection implements Connection, LinkOwner {
  readonly #client: Socket;
  readonly #front: Front;
  readonly #up: Lane;
  readonly #down: Lane;
  #link: UpstreamLink | undefined;
  #hold: Hold | undefined;
  /** A side that was reset; the other side is reset once what came before has gone out to it. */
  #reset: 'client' | 'link' | undefined;
  #closed = false;

  constructor(client: Socket, front: Front) {
    this.#client = client;
    this.#front = front;
    const cut = (): void => this.#cut();
    this.#up = new Lane({
      clock: front.clock,
      direction: 'upstream',
      source: client,
      sink: { write: (chunk) => this.#link?.write(chunk) ?? true, end: () => this.#endLink() },
      cut,
    });
    this.#down = new Lane({
      clock: front.clock,
      direction: 'downstream',
      source: { pause: () => this.#link?.pause(), resume: () => this.#link?.resume() },
      sink: { write: (chunk) => client.write(chunk), end: () => this.#endClient() },
      cut,
    });
  }

  /** Decides about the connection, waits if a filter says so, and dials. */
  open(): void {
    const client = this.#client;
    client.on('end', () => this.#up.finish());
    client.on('drain', () => this.#down.onDrain());
    client.on('error', () => this.#onClientError());
    client.on('close', () => this.#onClientClose());
    const delays: Delay[] = [];
    for (const { by, action, dice } of this.#front.chain.decideConnection()) {
      const delay = this.#apply(by, action, dice);
      if (delay !== undefined) delays.push(delay);
    }
    if (this.#closed) return;
    this.#hold = new Hold(this.#front.clock, delays, () => this.#dial());
    if (this.#hold.start()) this.#dial();
  }

  consider(filter: InstalledFilter): void {
    const decision = this.#closed ? undefined : filter.decideConnection();
    // A delay before dialling comes too late for a connection that stands: it is then not touched.
    if (decision !== undefined) this.#apply(filter, decision.action, decision.dice);
  }

  destroy(): void {
    this.#link?.reset();
    resetSocket(this.#client);
    this.#finish();
  }

  onLinkData(chunk: Buffer): void {
    this.#front.counters.bytesOut += chunk.length;
    this.#down.accept(chunk);
  }

  onLinkEnd(): void {
    this.#down.finish();
  }

  onLinkDrain(): void {
    this.#up.onDrain();
  }

  onLinkLost(loss: LinkLoss): void {
    this.#front.counters.errors++;
    if (loss.during === 'dial') this.#front.counters.dialFailures++;
    this.#reset = 'link';
    this.#link = undefined;
    this.#down.finish();
  }

  /** What the filter wants of the connection; a delay is given back, to be waited for before dialling. */
  #apply(by: InstalledFilter, action: ConnectionAction, dice: Dice): Delay | undefined {
    switch (action.do) {
      case 'delay':
        return { by, delayMs: action.delayMs };
      case 'watch': {
        const watch: Watch = { by, dice, touched: false };
        this.#up.watch(watch);
        this.#down.watch(watch);
        return undefined;
      }
      case 'reset':
      case 'respond':
        // There is no answer in raw TCP: whoever would give one cuts the connection.
        by.touch(action.do);
        this.#cut();
        return undefined;
    }
  }

  /** Bytes of the client are read only now: before there is nowhere to put them. */
  #dial(): void {
    this.#link = this.#front.dial(this);
    this.#client.on('data', (chunk: Buffer) => {
      this.#front.counters.bytesIn += chunk.length;
      this.#up.accept(chunk);
    });
  }

  #onClientError(): void {
    this.#front.counters.errors++;
    this.#reset = 'client';
    this.#up.finish();
  }

  /** Both directions have ended, or the client was reset. What it sent before and still waits in a lane goes out first. */
  #onClientClose(): void {
    if (!this.#up.isFinishing || this.#link === undefined) this.#finish();
  }

  #endLink(): void {
    if (this.#reset === 'client') this.#link?.reset();
    else this.#link?.end();
    if (this.#client.destroyed) this.#finish();
  }

  #endClient(): void {
    if (this.#reset === 'link') this.destroy();
    else this.#client.end();
  }

  /** A filter cuts the connection. */
  #cut(): void {
    this.#front.counters.errors++;
    this.destroy();
  }

  #finish(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#hold?.cancel();
    this.#up.dispose();
    this.#down.dispose();
    // After an orderly end the service may not have read everything yet: that still goes to it.
    if (this.#link?.isEnded) this.#link.detach();
    else this.#link?.destroy();
    this.#front.forget(this);
  }
}
