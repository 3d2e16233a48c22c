import {
  CONNECTION_PREFACE,
  encodeGoaway,
  HTTP2_ERROR,
  SETTING,
  type Goaway,
  type Http2Frame,
} from '../../../wire/http2-frames.ts';
import type { Destination } from '../../protection.ts';
import type { Front } from '../front.ts';
import type { LinkLoss, LinkOwner, UpstreamLink } from '../upstream-link.ts';
import { FirstFrame } from './first-frame.ts';
import { Http2Hop, type HopOwner } from './http2-hop.ts';
import { Http2Side } from './http2-side.ts';
import type { Http2Stream } from './http2-stream.ts';
import { OWN_WINDOWS, OwnControl } from './own-control.ts';
import { ServiceIds } from './service-ids.ts';
import type { ServiceWay } from './service-leg.ts';

/** Who has a session, and hears what becomes of it. */
export interface ServiceSessionHost {
  readonly front: Front;
  /** Something is about to be written to the service: what follows in this turn goes out with it. */
  onWrite(link: UpstreamLink): void;
  /** Does what belongs together: what is written meanwhile goes out in one piece. */
  batch(work: () => void): void;
  /** It has no stream any more. */
  onEmpty(session: ServiceSession): void;
  /** It takes no more streams, and is over for those that it has once they hear of it. */
  onGone(session: ServiceSession): void;
}

/** A service that has only just been reached, and does not speak HTTP/2. */
const notHttp2 = (why: string): LinkLoss => ({ during: 'dial', timedOut: false, why });
const CLOSED: LinkLoss = { during: 'use', wasUsed: true, broken: false };
const BROKEN: LinkLoss = { during: 'use', wasUsed: true, broken: true };

/**
 * One connection to an endpoint, for streams of one client. Streams wait for its settings, for room, and for one of those that the service
 * allows at once.
 *
 *     stream ──▶ waiting ──▶ open, by an id of its own ──▶ over
 */
export class ServiceSession implements LinkOwner, ServiceWay<Http2Stream>, HopOwner {
  readonly side: Http2Side;
  readonly destination: Destination | undefined;
  readonly #host: ServiceSessionHost;
  readonly #hop: Http2Hop;
  readonly #ids = new ServiceIds();
  readonly #first = new FirstFrame();
  readonly #waiting = new Set<Http2Stream>();
  #link: UpstreamLink | undefined;
  #isSettled = false;
  #isLeaving = false;
  #isDoubted = false;
  heard = 0;
  /** Faults hold so much of what it sent that it is not read. */
  #isHalted = false;

  /** `dial` begins the connection, or hands over one that was begun. */
  constructor(
    host: ServiceSessionHost,
    destination: Destination | undefined,
    dial: (owner: LinkOwner) => UpstreamLink,
  ) {
    this.#host = host;
    this.destination = destination;
    this.side = new Http2Side((bytes) => this.#write(bytes), OWN_WINDOWS);
    const control = new OwnControl({
      side: this.side,
      answer: (bytes) => this.#answer(bytes),
      onTold: () => this.#onSettled(),
      onGoaway: (goaway) => this.#onGoaway(goaway),
    });
    this.#hop = new Http2Hop({ peer: 'service', side: this.side, control, owner: this });
    this.#link = dial(this);
    this.#write(CONNECTION_PREFACE);
    control.begin([[SETTING.ENABLE_PUSH, 0]]);
  }

  get endpoint(): string | undefined {
    return this.#link?.address;
  }

  get takesStreams(): boolean {
    return this.#link !== undefined && !this.#isLeaving && !this.#isDoubted && this.#ids.areLeft;
  }

  get isEmpty(): boolean {
    return this.#waiting.size === 0 && this.#hop.streams.size === 0;
  }

  /** Whether it leads where the endpoint is by now. */
  leadsTo(destination: Destination | undefined): boolean {
    if (destination === undefined) return this.destination === undefined;
    return this.#link?.host === destination.host && this.#link.port === destination.port;
  }

  take(stream: Http2Stream): void {
    stream.onWay(this);
    this.#waiting.add(stream);
    this.#openWaiting();
  }

  leave(stream: Http2Stream): void {
    this.#waiting.delete(stream);
    if (stream.serviceId !== undefined) this.#hop.streams.delete(stream.serviceId);
    if (this.isEmpty) this.#host.onEmpty(this);
    else this.#openWaiting();
  }

  /** A service that has said nothing meanwhile may be gone without a word: the next streams go over another connection. */
  doubt(heard: number): void {
    this.#isDoubted ||= heard === this.heard;
  }

  /** Reads no further for now, or again. `isHeld`: faults hold something back somewhere. */
  steer(isHeld: boolean): void {
    let isHalted = false;
    if (isHeld) for (const { down } of this.#hop.streams.values()) isHalted ||= down.isFull;
    if (isHalted === this.#isHalted) return;
    this.#isHalted = isHalted;
    if (isHalted) this.#link?.pause();
    else this.#link?.resume();
  }

  /** In order; nobody waits for anything of it. */
  close(): void {
    const link = this.#link;
    this.#link = undefined;
    this.#host.onGone(this);
    link?.end();
    link?.detach();
  }

  /** At once: the client is gone, by RST if so `how`. */
  cut(how: 'close' | 'reset'): void {
    const link = this.#link;
    this.#link = undefined;
    if (how === 'reset') link?.reset();
    else link?.destroy();
  }

  // From the link

  onLinkReady({ alpn }: UpstreamLink): void {
    if (alpn !== undefined && alpn !== 'h2') this.#fail(notHttp2(`it speaks ${alpn}, not HTTP/2`));
  }

  onLinkData(chunk: Buffer): boolean {
    this.#host.front.counters.bytesOut += chunk.length;
    this.heard++;
    const bytes = this.#first.push(chunk);
    if (bytes === undefined) return false;
    if (this.#first.speaksHttp2) this.#read(bytes);
    else this.#fail(notHttp2('it does not speak HTTP/2'));
    return false;
  }

  onLinkEnd(): void {
    this.#fail(CLOSED);
  }

  onLinkDrain(): void {
    this.#host.batch(() => {
      this.side.isClogged = false;
      this.side.flush();
      this.#openWaiting();
    });
    if (!this.#isHalted) this.#link?.resume();
  }

  onLinkLost(loss: LinkLoss): void {
    this.#link = undefined;
    this.#fail(loss);
  }

  // From its frames

  onNewHeaders(): void {
    // Of a stream that is over; they have changed the table of header fields, and that was all.
  }

  onBroken(code: number, why: string): void {
    this.#host.front.counters.errors++;
    const link = this.#link;
    this.#link = undefined;
    link?.write(encodeGoaway(0, code, Buffer.from(`faultline: ${why}`)));
    link?.end();
    link?.detach();
    this.#fail(BROKEN);
  }

  readonly #onFrame = (frame: Http2Frame): void => {
    if (this.#link !== undefined) this.#hop.onFrame(frame);
  };

  #read(bytes: Buffer): void {
    this.#host.batch(() => {
      const problem = this.side.reader.push(bytes, this.#onFrame);
      if (problem !== undefined && this.#link !== undefined) this.onBroken(HTTP2_ERROR.FRAME_SIZE_ERROR, problem);
    });
  }

  #onSettled(): void {
    this.#isSettled = true;
    this.#openWaiting();
  }

  #onGoaway({ lastStreamId }: Goaway): void {
    this.#isLeaving = true;
    this.#ids.endAt(lastStreamId);
    const refused = [...this.#hop.streams].filter(([id]) => id > lastStreamId).map(([, stream]) => stream);
    for (const stream of [...refused, ...this.#waiting]) stream.onLost(CLOSED, 'leaving');
    if (this.isEmpty && this.#link !== undefined) this.#host.onEmpty(this);
  }

  #openWaiting(): void {
    if (this.#link === undefined || this.#isLeaving) return;
    for (const stream of this.#waiting) {
      const { isClogged, maxStreams } = this.side;
      if (!this.#isSettled || isClogged || this.#hop.streams.size >= maxStreams) return;
      const id = this.#ids.take();
      if (id === undefined) return;
      this.#waiting.delete(stream);
      this.#hop.streams.set(id, stream);
      stream.onRouted(this, id);
    }
  }

  /** The connection is lost: streams that were sent may have been looked at, those that wait were not. */
  #fail(loss: LinkLoss): void {
    if (loss.during === 'dial') this.#host.front.counters.dialFailures++;
    this.#link?.destroy();
    this.#link = undefined;
    this.#host.onGone(this);
    this.#host.batch(() => {
      for (const stream of [...this.#waiting]) stream.onLost(loss, 'unreachable');
      for (const stream of [...this.#hop.streams.values()]) stream.onLost(loss, 'failed');
    });
  }

  #answer(bytes: Buffer): void {
    this.#write(bytes);
    // One that asks on and on, and reads no answers, is not read either.
    if (this.side.isClogged) this.#link?.pause();
  }

  #write(bytes: Buffer): void {
    const link = this.#link;
    if (link === undefined) return;
    this.#host.onWrite(link);
    if (!link.write(bytes)) this.side.isClogged = true;
  }
}
