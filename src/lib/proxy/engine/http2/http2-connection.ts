import {
  encodeGoaway,
  encodeSettings,
  FRAME,
  HTTP2_ERROR,
  parseGoaway,
  type Http2Frame,
} from '../../../wire/http2-frames.ts';
import type { ConnectionView } from '../../views.ts';
import { createLinkFailure } from '../http1/answer.ts';
import type { ClientWire, WireOwner } from '../client-wire.ts';
import type { Front } from '../front.ts';
import type { LinkLoss, LinkOwner, UpstreamLink } from '../upstream-link.ts';
import { ClientPreface } from './client-preface.ts';
import { FirstFrame, TYPE_AT } from './first-frame.ts';
import { Http2Hop, type HopOwner } from './http2-hop.ts';
import { ALL_STREAMS, Http2Session, type SessionHost } from './http2-session.ts';
import { Http2Side } from './http2-side.ts';
import type { Http2Stream } from './http2-stream.ts';
import type { ReceivedHeaders } from './http2-streams.ts';
import { JoinedControl } from './joined-control.ts';
import { answerTo, SETTINGS_ACK } from './own-control.ts';
import { ServiceIds } from './service-ids.ts';
import type { ServiceWay } from './service-leg.ts';

const ALPN = ['h2'];
/** Streams followed at once on one connection. Services allow a few hundred. */
const MAX_STREAMS = 10_000;

/**
 * A client's HTTP/2 connection, joined with one to the service: what either says of its connection reaches the other, and so do grants, pings
 * and settings, as far as no fault wants otherwise. While the one to the service is not made, frames wait in it; when it cannot be made, each
 * request is told so, as an HTTP/2 service would.
 */
export class Http2Connection implements WireOwner, LinkOwner, SessionHost, HopOwner, ServiceWay<Http2Stream> {
  readonly front: Front;
  /** The service. */
  readonly side: Http2Side;
  /** The whole connection goes to one endpoint: its requests have nothing to pass. */
  readonly guard = undefined;
  readonly heard = 0;
  readonly #client: Http2Side;
  readonly #hop: Http2Hop;
  readonly #ids = new ServiceIds();
  readonly #wire: ClientWire;
  readonly #session: Http2Session;
  readonly #preface = new ClientPreface();
  readonly #first = new FirstFrame();
  #link: UpstreamLink | undefined;
  /** What is to be written to the client behind the service's settings, which come first (RFC 9113 section 3.4). */
  #early: Buffer[] | undefined = [];
  #unreachable: LinkLoss | undefined;
  #isServiceGone = false;

  constructor(wire: ClientWire, link?: UpstreamLink) {
    this.#wire = wire;
    this.front = wire.front;
    this.#link = link;
    this.#client = new Http2Side((bytes) => this.#toClient(bytes));
    this.side = new Http2Side((bytes) => this.#toService(bytes));
    const onBroken = (code: number, why: string): void => this.onBroken(code, why);
    this.#session = new Http2Session({
      host: this,
      side: this.#client,
      control: new JoinedControl({ from: this.#client, to: this.side, onBroken }),
      maxStreams: MAX_STREAMS,
    });
    this.#hop = new Http2Hop({
      peer: 'service',
      side: this.side,
      owner: this,
      control: new JoinedControl({
        ...{ from: this.side, to: this.#client, onBroken },
        onTold: () => this.#releaseEarly(),
        onGoaway: (frame) => this.#onGoaway(frame),
      }),
    });
  }

  get view(): ConnectionView {
    return this.#wire.view;
  }

  get endpoint(): string | undefined {
    return this.#link?.address;
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
    const rest = this.#preface.skip(chunk, (part) => this.#toService(part));
    if (rest === 'bad') this.#wire.reset();
    else if (rest !== undefined) this.#read(this.#client, rest, this.#onClientFrame);
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
    const bytes = this.#first.push(chunk);
    if (bytes === undefined) return false;
    if (this.#first.speaksHttp2) this.#read(this.side, bytes, this.#onServiceFrame);
    else this.#passRaw(bytes);
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

  takeFirst(): undefined {
    return undefined;
  }

  route(stream: Http2Stream): void {
    const id = this.#link === undefined ? undefined : this.#ids.take();
    if (id === undefined) {
      this.onWithheld();
      this.#refuse(stream);
      return;
    }
    this.#hop.streams.set(id, stream);
    stream.onRouted(this, id);
  }

  leave({ serviceId }: Http2Stream): void {
    if (serviceId !== undefined) this.#hop.streams.delete(serviceId);
  }

  doubt(): void {
    // Only what protects a service has times.
  }

  onWithheld(): void {
    this.side.desync();
  }

  /** Of a stream that is over. */
  onNewHeaders(_streamId: number, _headers: ReceivedHeaders): void {
    this.#client.desync();
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
    if (this.#unreachable === undefined || !this.#answerAsService(frame)) this.#session.hop.onFrame(frame);
  };

  readonly #onServiceFrame = (frame: Http2Frame): void => {
    if (!this.#wire.isGone) this.#hop.onFrame(frame);
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

  #refuse(stream: Http2Stream): void {
    if (this.#unreachable === undefined) stream.turnAway();
    else stream.fail(createLinkFailure(this.#unreachable));
  }

  #beTheService(loss: LinkLoss): void {
    this.#unreachable = loss;
    this.#wire.write(encodeSettings([]));
    this.#wire.write(SETTINGS_ACK);
    this.#releaseEarly();
    for (const stream of [...this.#session.streams]) this.#refuse(stream);
  }

  /** What a service has to answer by itself; false when the frame is none of that. */
  #answerAsService(frame: Http2Frame): boolean {
    const answer = answerTo(frame);
    if (answer !== undefined && answer !== 'none') this.#client.write(answer);
    return answer !== undefined;
  }

  #onGoaway(frame: Http2Frame): void {
    const parsed = parseGoaway(frame);
    if (parsed === undefined) return;
    const { lastStreamId, code, debug } = parsed;
    const refusesSome = this.#ids.endAt(lastStreamId);
    if (lastStreamId === ALL_STREAMS) {
      this.#client.write(frame.bytes);
      return;
    }
    // Streams that have ended are not known any more, and were looked at.
    let last = 0;
    for (const [id, { clientId }] of this.#hop.streams) if (id <= lastStreamId) last = Math.max(last, clientId);
    this.#session.sayGoaway(code, debug, refusesSome ? last : this.#session.lastId);
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

  /** The service has said its settings: what waited behind them goes to the client. */
  #releaseEarly(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const bytes of early) this.#wire.write(bytes);
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
