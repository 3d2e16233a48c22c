import { HTTP2_ERROR, SETTING, type Http2Frame } from '../../../wire/http2-frames.ts';
import type { Destination } from '../../protection.ts';
import type { Guard } from '../../protection/guard.ts';
import type { ConnectionView } from '../../views.ts';
import type { ClientWire, WireOwner } from '../client-wire.ts';
import type { Front } from '../front.ts';
import type { UpstreamLink } from '../upstream-link.ts';
import { ClientPreface } from './client-preface.ts';
import { Http2Session, type SessionHost } from './http2-session.ts';
import { Http2Side } from './http2-side.ts';
import type { Http2Stream } from './http2-stream.ts';
import { OWN_WINDOWS, OwnControl } from './own-control.ts';
import { ServiceSessions } from './service-sessions.ts';

const ALPN = ['h2'];
/** Requests at once on one connection; clients are told so. Services mostly allow a few hundred, and there are several endpoints. */
const MAX_STREAMS = 1000;

/**
 * A client's HTTP/2 connection to a protected service: each request goes to the endpoint that it is let through to, over a connection of this
 * client's to that endpoint. All of them are connections of our own, whose windows, settings and pings end here.
 *
 *     client ══▶ session ──stream 1──▶ session a ══▶ endpoint a
 *                        ──stream 3──▶ session b ══▶ endpoint b
 *                        ──stream 5──▶ session a
 */
export class BalancedConnection implements WireOwner, SessionHost {
  readonly front: Front;
  readonly #wire: ClientWire;
  readonly #client: Http2Side;
  readonly #control: OwnControl;
  readonly #session: Http2Session;
  readonly #services: ServiceSessions;
  readonly #preface = new ClientPreface();
  /** Where the connection goes that was begun before the first request. */
  #first: UpstreamLink | undefined;
  #isOver = false;
  /** The client asks on and on, and does not read what it is answered. */
  #isFlooded = false;
  /** What is written to goes out once the batch is done; undefined outside of one. */
  #corked: Set<UpstreamLink> | undefined;

  constructor(wire: ClientWire, link?: UpstreamLink) {
    this.#wire = wire;
    this.front = wire.front;
    this.#first = link;
    this.#client = new Http2Side((bytes) => this.#toClient(bytes), OWN_WINDOWS);
    this.#control = new OwnControl({ side: this.#client, answer: (bytes) => this.#answer(bytes) });
    this.#session = new Http2Session({
      ...{ host: this, side: this.#client, control: this.#control },
      maxStreams: MAX_STREAMS,
    });
    const { front } = wire;
    this.#services = new ServiceSessions(
      { front, onWrite: (written) => this.#cork(written), batch: (work) => this.#batch(work) },
      (owner, destination) => {
        const { serverName, source } = this.view;
        return front.dial(owner, { alpn: ALPN, serverName, source, destination });
      },
      (destination) => this.#isDrained(destination),
    );
  }

  get view(): ConnectionView {
    return this.#wire.view;
  }

  get guard(): Guard | undefined {
    return this.front.guardFor(this.view.serverName);
  }

  /** Begins; what the client sent before goes first. */
  open(first?: Buffer): void {
    const link = this.#first;
    this.#control.begin([[SETTING.MAX_CONCURRENT_STREAMS, MAX_STREAMS]]);
    if (link?.destination === undefined) link?.destroy();
    else this.#services.adopt(link);
    this.#wire.hand(this, first);
  }

  // From the client

  onWireData(chunk: Buffer): boolean {
    const rest = this.#preface.skip(chunk);
    if (rest === 'bad') this.#wire.reset();
    else if (rest !== undefined && !this.#isOver) this.#read(rest);
    // Frames may wait for faults, or for grants.
    return false;
  }

  /** Nobody closes one side of an HTTP/2 connection to wait for answers on the other. */
  onWireEnd(): void {
    this.#end('close');
    this.#wire.hangUp();
  }

  onWireReset(): void {
    this.#end('reset');
  }

  onWireDrain(): void {
    this.#isFlooded = false;
    this.#client.isClogged = false;
    this.#batch(() => this.#client.flush());
  }

  onWireCut(): void {
    this.onLeave();
  }

  onWireGone(): void {
    this.#end('close');
  }

  // From the session

  takeFirst(): Destination | undefined {
    const destination = this.#first?.destination;
    this.#first = undefined;
    return destination;
  }

  route(stream: Http2Stream): void {
    this.#services.to(stream.destination).take(stream);
  }

  onWithheld(): void {
    // Header blocks are written anew for each endpoint.
  }

  onBroken(code: number, why: string): void {
    if (this.#isOver) return;
    this.front.counters.errors++;
    this.#session.sayGoaway(code, Buffer.from(`faultline: ${why}`));
    this.onLeave();
  }

  onIdle(): void {
    if (this.#session.isLeaving && !this.#isOver) this.onLeave();
  }

  onLeave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#session.dispose('client-gone');
    this.#services.close();
    this.#uncork();
    this.#wire.hangUp();
  }

  readonly #onFrame = (frame: Http2Frame): void => {
    if (!this.#isOver && !this.#wire.isGone) this.#session.hop.onFrame(frame);
  };

  #read(bytes: Buffer): void {
    this.#batch(() => {
      const problem = this.#client.reader.push(bytes, this.#onFrame);
      if (problem !== undefined) this.onBroken(HTTP2_ERROR.FRAME_SIZE_ERROR, problem);
    });
  }

  #end(how: 'close' | 'reset'): void {
    this.#isOver = true;
    this.#session.dispose('client-gone');
    this.#services.cut(how);
  }

  /** An endpoint that is to get nothing new, or that is no longer one. */
  #isDrained(destination: Destination): boolean {
    return destination.weight === 0 || this.guard?.destinations.list.includes(destination) === false;
  }

  #answer(bytes: Buffer): void {
    this.#client.write(bytes);
    this.#isFlooded ||= this.#client.isClogged;
  }

  #toClient(bytes: Buffer): void {
    if (!this.#wire.write(bytes)) this.#client.isClogged = true;
  }

  #batch(work: () => void): void {
    if (this.#corked !== undefined) {
      work();
      return;
    }
    this.#corked = new Set();
    this.#wire.cork();
    work();
    this.#uncork();
    this.#steer();
  }

  #cork(link: UpstreamLink): void {
    if (this.#corked === undefined || this.#corked.has(link)) return;
    this.#corked.add(link);
    link.cork();
  }

  #uncork(): void {
    if (this.#corked === undefined) return;
    for (const link of this.#corked) link.uncork();
    this.#corked = undefined;
    this.#wire.uncork();
  }

  /** Reads from the client only while there is room for it: what faults hold back is bounded. */
  #steer(): void {
    if (this.#isOver) return;
    const isHeld = this.front.budget.heldBytes > 0;
    let isFull = this.#isFlooded;
    if (isHeld) for (const { up } of this.#session.streams) isFull ||= up.isFull;
    this.#wire.halt(isFull);
    this.#services.steer(isHeld);
  }
}
