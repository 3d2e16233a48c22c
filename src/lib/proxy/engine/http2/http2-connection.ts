import {
  CONNECTION_PREFACE,
  encodeGoaway,
  encodeSettings,
  FLAG,
  FRAME,
  HTTP2_ERROR,
  type Http2Frame,
} from '../../../wire/http2-frames.ts';
import type { ConnectionView } from '../../views.ts';
import type { Destination } from '../../protection.ts';
import { createLinkFailure } from '../http1/answer.ts';
import type { ClientWire, WireOwner } from '../client-wire.ts';
import type { Front } from '../front.ts';
import type { LinkLoss, LinkOwner, UpstreamLink } from '../upstream-link.ts';
import { Http2Session, type SessionHost } from './http2-session.ts';
import { Http2Side } from './http2-side.ts';
import type { Http2Stream } from './http2-stream.ts';

const ALPN = ['h2'];
const EMPTY = Buffer.alloc(0);
/** Where a frame says its type, and its header's first bytes are its length. */
const TYPE_AT = 3;
const SETTINGS_ACK = Buffer.from([0, 0, 0, FRAME.SETTINGS, FLAG.ACK, 0, 0, 0, 0]);

/**
 * A client's HTTP/2 connection, paired with one to the service. While that one is not made, frames wait in it; when it cannot be made, each
 * request is told so, as an HTTP/2 service would.
 */
export class Http2Connection implements WireOwner, LinkOwner, SessionHost {
  readonly front: Front;
  readonly client: Http2Side;
  readonly service: Http2Side;
  readonly #wire: ClientWire;
  readonly #session: Http2Session;
  #link: UpstreamLink | undefined;
  /** What of the preface is still to come. */
  #preface: Buffer | undefined = CONNECTION_PREFACE;
  #serviceSpoke = false;
  /** What it said first, while that is too little to tell. */
  #serviceFirst: Buffer = EMPTY;
  /** What is to be written to the client behind the service's settings, which come first (RFC 9113 section 3.4). */
  #early: Buffer[] | undefined = [];
  #unreachable: LinkLoss | undefined;
  #isServiceGone = false;

  constructor(wire: ClientWire, link?: UpstreamLink) {
    this.#wire = wire;
    this.front = wire.front;
    this.#link = link;
    this.client = new Http2Side((bytes) => this.#toClient(bytes));
    this.service = new Http2Side((bytes) => this.#toService(bytes));
    this.#session = new Http2Session(this);
  }

  get view(): ConnectionView {
    return this.#wire.view;
  }

  get endpoint(): string | undefined {
    return this.#link?.address;
  }

  get destination(): Destination | undefined {
    return this.#link?.destination;
  }

  /** Begins; what the client sent before goes first. */
  open(first?: Buffer): void {
    if (this.#link === undefined)
      this.#link = this.front.dial(this, { alpn: ALPN, serverName: this.view.serverName, source: this.view.source });
    else this.#link.handTo(this);
    this.#wire.hand(this, first);
  }

  // From the client

  onWireData(chunk: Buffer): boolean {
    const rest = this.#skipPreface(chunk);
    if (rest !== undefined) this.#read(this.client, rest, this.#onClientFrame);
    // Frames may wait for faults, or for grants.
    return false;
  }

  onWireEnd(): void {
    this.#link?.end();
  }

  onWireReset(): void {
    this.#link?.reset();
    this.#link = undefined;
  }

  onWireDrain(): void {
    this.#steer();
  }

  onWireCut(): void {
    this.onLeave();
  }

  onWireGone(): void {
    this.#session.dispose(this.#isServiceGone ? 'upstream-closed' : 'client-gone');
    if (this.#link?.isEnded === true) this.#link.detach();
    else this.#link?.destroy();
    this.#link = undefined;
  }

  // From the service

  onLinkReady(link: UpstreamLink): void {
    if (link.alpn === undefined || link.alpn === 'h2') return;
    link.destroy();
    this.onLinkLost({ during: 'dial', timedOut: false, why: `it speaks ${link.alpn}, not HTTP/2` });
  }

  onLinkData(chunk: Buffer): boolean {
    this.front.counters.bytesOut += chunk.length;
    if (this.#serviceSpoke) this.#read(this.service, chunk, this.#onServiceFrame);
    else this.#onFirstOfService(chunk);
    return false;
  }

  onLinkEnd(): void {
    this.#isServiceGone = true;
    this.#wire.hangUp();
  }

  onLinkDrain(): void {
    this.#steer();
  }

  onLinkLost(loss: LinkLoss): void {
    this.#link = undefined;
    if (loss.during === 'use') {
      this.#isServiceGone = true;
      this.#wire.resetAfterWrites();
    } else {
      this.front.counters.dialFailures++;
      this.#beTheService(loss);
    }
  }

  // From the session

  onServiceSettings(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const bytes of early) this.#wire.write(bytes);
  }

  onRefused(stream: Http2Stream): void {
    const loss = this.#unreachable;
    if (loss === undefined) {
      stream.turnAway();
      return;
    }
    stream.fail(createLinkFailure(loss));
  }

  /** Both sides are told, and the connection ends. */
  onBroken(code: number, why: string): void {
    if (this.#wire.isGone) return;
    this.front.counters.errors++;
    const debug = Buffer.from(`faultline: ${why}`);
    this.#session.sayGoaway(code, debug);
    this.#link?.write(encodeGoaway(0, code, debug));
    this.onLeave();
  }

  onIdle(): void {
    // Whoever was told that the service cannot be reached tries again on a new connection.
    if (this.#unreachable !== undefined) this.#session.sayGoaway(HTTP2_ERROR.NO_ERROR);
    if (this.#session.isLeaving || this.#unreachable !== undefined) this.onLeave();
  }

  onLeave(): void {
    this.#uncork();
    this.#link?.end();
    this.#link?.detach();
    this.#link = undefined;
    this.#wire.hangUp();
  }

  readonly #onClientFrame = (frame: Http2Frame): void => {
    if (this.#wire.isGone) return;
    if (this.#unreachable === undefined || !this.#answerAsService(frame)) this.#session.onClientFrame(frame);
  };

  readonly #onServiceFrame = (frame: Http2Frame): void => {
    if (!this.#wire.isGone) this.#session.onServiceFrame(frame);
  };

  /** Frames that came in one piece go on in one piece. */
  #read(side: Http2Side, bytes: Buffer, onFrame: (frame: Http2Frame) => void): void {
    this.#link?.cork();
    this.#wire.cork();
    const problem = side.reader.push(bytes, onFrame);
    if (problem !== undefined) this.onBroken(HTTP2_ERROR.FRAME_SIZE_ERROR, problem);
    this.#uncork();
    this.#steer();
  }

  #beTheService(loss: LinkLoss): void {
    this.#unreachable = loss;
    this.#wire.write(encodeSettings([]));
    this.#wire.write(SETTINGS_ACK);
    this.onServiceSettings();
    for (const stream of [...this.#session.streams]) this.onRefused(stream);
  }

  /** What a service has to answer by itself; false when the frame is none of that. */
  #answerAsService({ type, flags, bytes }: Http2Frame): boolean {
    if (type !== FRAME.SETTINGS && type !== FRAME.PING) return false;
    if ((flags & FLAG.ACK) !== 0) return true;
    if (type === FRAME.SETTINGS) this.client.write(SETTINGS_ACK);
    else {
      const answer = Buffer.from(bytes);
      answer[4] = FLAG.ACK;
      this.client.write(answer);
    }
    return true;
  }

  /** A service that speaks HTTP/2 says its settings first (RFC 9113 section 3.4). The type is the fourth byte of a frame. */
  #onFirstOfService(chunk: Buffer): void {
    const bytes = Buffer.concat([this.#serviceFirst, chunk]);
    if (bytes.length <= TYPE_AT) this.#serviceFirst = bytes;
    else if (bytes[TYPE_AT] !== FRAME.SETTINGS) this.#passRaw(bytes);
    else {
      this.#serviceSpoke = true;
      this.#serviceFirst = EMPTY;
      this.#read(this.service, bytes, this.#onServiceFrame);
    }
  }

  /** The service does not speak HTTP/2: the client gets what it says. */
  #passRaw(chunk: Buffer): void {
    this.front.counters.fallbacks++;
    const link = this.#link;
    this.#link = undefined;
    this.#wire.write(chunk);
    link?.destroy();
    this.#wire.hangUp();
  }

  #skipPreface(chunk: Buffer): Buffer | undefined {
    const left = this.#preface;
    if (left === undefined) return chunk;
    const taken = Math.min(left.length, chunk.length);
    if (left.compare(chunk, 0, taken, 0, taken) !== 0) {
      this.#wire.reset();
      return undefined;
    }
    this.#toService(chunk.subarray(0, taken));
    this.#preface = taken < left.length ? left.subarray(taken) : undefined;
    return chunk.length > taken ? chunk.subarray(taken) : undefined;
  }

  #toClient(bytes: Buffer): void {
    // The service's own settings are what the others wait for.
    if (this.#early === undefined || bytes[TYPE_AT] === FRAME.SETTINGS) this.#wire.write(bytes);
    else this.#early.push(bytes);
  }

  #toService(bytes: Buffer): void {
    this.#link?.write(bytes);
  }

  #uncork(): void {
    this.#link?.uncork();
    this.#wire.uncork();
  }

  /** Reads from each side only while there is room for it on the other. */
  #steer(): void {
    let [upFull, downFull] = [this.#link?.isFull === true, this.#wire.isFull];
    // Looking at thousands of streams takes a while, and mostly nothing waits anywhere.
    for (const { up, down } of this.front.budget.heldBytes > 0 ? this.#session.streams : []) {
      upFull ||= up.isFull;
      downFull ||= down.isFull;
    }
    this.#wire.halt(upFull);
    if (downFull) this.#link?.pause();
    else this.#link?.resume();
  }
}
