import {
  dataOf,
  encodeGoaway,
  encodeRstStream,
  encodeSettings,
  encodeWindowUpdate,
  errorCodeOf,
  FLAG,
  FRAME,
  FRAME_HEADER_BYTES,
  headerBlockOf,
  HTTP2_ERROR,
  parseGoaway,
  parseSettings,
  windowIncrementOf,
  type Http2Frame,
} from '../../../wire/http2-frames.ts';
import type { RequestEnding } from '../../filter.ts';
import type { Destination } from '../../protection.ts';
import type { ConnectionView } from '../../views.ts';
import type { Front } from '../front.ts';
import { HeaderBlocks } from './header-blocks.ts';
import { Http2Request } from './http2-request.ts';
import { boundedSettings, type Http2Side } from './http2-side.ts';
import { Http2Stream, type Http2Streams, type ReceivedHeaders } from './http2-stream.ts';

/** Streams followed at once on one connection. Services allow a few hundred. */
const MAX_STREAMS = 10_000;
/** The last stream id there is: in a GOAWAY it says that nothing is refused yet. */
const ALL_STREAMS = 0x7fff_ffff;

export type Peer = 'client' | 'service';

/** What a session may use of the two connections below it, and what it tells them. */
export interface SessionHost {
  readonly front: Front;
  readonly view: ConnectionView;
  readonly client: Http2Side;
  readonly service: Http2Side;
  /** Where the service is; undefined when there is no connection to it. */
  readonly endpoint: string | undefined;
  /** The endpoint that it goes to; undefined: one without a protection. */
  readonly destination: Destination | undefined;
  /** The service has said its settings. */
  onServiceSettings(): void;
  /** A stream that the service takes no more. */
  onRefused(stream: Http2Stream): void;
  /** Nothing that follows can be understood. */
  onBroken(code: number, why: string): void;
  /** No stream is left. */
  onIdle(): void;
  /** The connection is to end now. */
  onLeave(): void;
}

/**
 * The streams of an HTTP/2 connection, and its frames on their way from one side to the other. They pass as they are as far as no fault wants
 * otherwise: grants, pings, resets and settings reach the other end, and streams keep their bytes.
 *
 *     client ──HEADERS 5──▶ ┌────────────┐ ──HEADERS 3──▶ service       ids differ once a fault has answered a request,
 *            ◀──DATA 5────  │ stream 5/3 │ ◀──DATA 3────               or let one wait while others went on
 *                           └────────────┘
 */
export class Http2Session implements Http2Streams {
  readonly front: Front;
  readonly client: Http2Side;
  readonly service: Http2Side;
  readonly #host: SessionHost;
  readonly #byClientId = new Map<number, Http2Stream>();
  readonly #byServiceId = new Map<number, Http2Stream>();
  readonly #blocks = { client: new HeaderBlocks(), service: new HeaderBlocks() };
  #lastClientId = 0;
  #nextServiceId = 1;
  /** The last id that the service takes, once it has said that it goes away. */
  #lastServiceId = ALL_STREAMS;
  /** The last id that the client was told of as looked at. */
  #saidLastId = ALL_STREAMS;
  #isLeaving = false;

  constructor(host: SessionHost) {
    this.#host = host;
    this.front = host.front;
    this.client = host.client;
    this.service = host.service;
  }

  get view(): ConnectionView {
    return this.#host.view;
  }

  get endpoint(): string | undefined {
    return this.#host.endpoint;
  }

  get destination(): Destination | undefined {
    return this.#host.destination;
  }

  get streams(): Iterable<Http2Stream> {
    return this.#byClientId.values();
  }

  /** No stream is taken any more. */
  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  /** `why` the requests under way get no answer. */
  dispose(why: 'client-gone' | 'upstream-closed'): void {
    for (const stream of [...this.#byClientId.values()]) stream.dispose(why);
  }

  /** The last stream that is looked at may only become an earlier one (RFC 9113 section 6.8). */
  sayGoaway(code: number, debug?: Buffer, lastStreamId = this.#lastClientId): void {
    this.#saidLastId = Math.max(0, Math.min(this.#saidLastId, lastStreamId));
    this.client.write(encodeGoaway(this.#saidLastId, code, debug));
  }

  // For the streams

  nextServiceId(stream: Http2Stream): number | undefined {
    const id = this.#nextServiceId;
    if (this.#host.endpoint === undefined || id > this.#lastServiceId) return undefined;
    this.#nextServiceId += 2;
    this.#byServiceId.set(id, stream);
    return id;
  }

  refuse(stream: Http2Stream): void {
    this.#host.onRefused(stream);
  }

  leave({ clientId }: Http2Stream): void {
    this.sayGoaway(HTTP2_ERROR.NO_ERROR, undefined, clientId - 2);
    this.#isLeaving = true;
  }

  goAway(stream: Http2Stream, { code, debug, cut }: Extract<RequestEnding, { do: 'goaway' }>): void {
    // What came before it may still be answered; this one and those that follow were not looked at.
    this.sayGoaway(code, Buffer.from(debug), stream.clientId - 2);
    this.#isLeaving = true;
    if (cut) this.#host.onLeave();
  }

  forget(stream: Http2Stream): void {
    this.#byClientId.delete(stream.clientId);
    if (stream.serviceId !== undefined) this.#byServiceId.delete(stream.serviceId);
    if (this.#byClientId.size === 0) this.#host.onIdle();
  }

  // Frames

  onClientFrame(frame: Http2Frame): void {
    const stream = this.#byClientId.get(frame.streamId);
    switch (frame.type) {
      case FRAME.RST_STREAM:
        stream?.onClientReset(errorCodeOf(frame) ?? HTTP2_ERROR.CANCEL);
        return;
      case FRAME.PRIORITY:
        // Advice about streams whose ids may differ on the other side (RFC 9113 section 5.3.2 has given it up).
        return;
      default:
        this.#onFrame('client', stream, frame);
    }
  }

  onServiceFrame(frame: Http2Frame): void {
    const stream = this.#byServiceId.get(frame.streamId);
    switch (frame.type) {
      case FRAME.RST_STREAM:
        stream?.onServiceReset(errorCodeOf(frame) ?? HTTP2_ERROR.CANCEL);
        return;
      case FRAME.GOAWAY:
        this.#onGoaway(frame);
        return;
      case FRAME.PUSH_PROMISE:
        this.#host.onBroken(HTTP2_ERROR.PROTOCOL_ERROR, 'a push that nobody allowed');
        return;
      default:
        this.#onFrame('service', stream, frame);
    }
  }

  #onFrame(from: Peer, stream: Http2Stream | undefined, frame: Http2Frame): void {
    if (!this.#blocks[from].allows(frame)) {
      this.#host.onBroken(HTTP2_ERROR.PROTOCOL_ERROR, 'a header block was interrupted');
      return;
    }
    switch (frame.type) {
      case FRAME.DATA:
        this.#onData(from, stream, frame);
        return;
      case FRAME.HEADERS:
      case FRAME.CONTINUATION:
        this.#onHeaderFrame(from, frame);
        return;
      case FRAME.WINDOW_UPDATE:
        this.#onWindowUpdate(from, stream, frame);
        return;
      case FRAME.SETTINGS:
        this.#onSettings(from, frame);
        return;
      default:
        if (frame.streamId === 0) this.#other(from).write(frame.bytes);
    }
  }

  #other(peer: Peer): Http2Side {
    return peer === 'client' ? this.service : this.client;
  }

  #onHeaderFrame(from: Peer, frame: Http2Frame): void {
    const block = headerBlockOf(frame);
    const assembled = block && this.#blocks[from].push(frame, block);
    if (assembled === undefined) {
      this.#host.onBroken(HTTP2_ERROR.PROTOCOL_ERROR, 'a malformed header block');
      return;
    }
    if (assembled === 'more') return;
    const fields = this[from].decoder.decode(assembled.block);
    if (typeof fields === 'string') {
      this.#host.onBroken(HTTP2_ERROR.COMPRESSION_ERROR, fields);
      return;
    }
    const headers = { fields, block: assembled.block, isEnd: assembled.isEnd };
    if (from === 'client') this.#onRequestHeaders(assembled.streamId, headers);
    else this.#onResponseHeaders(assembled.streamId, headers);
  }

  #onRequestHeaders(streamId: number, headers: ReceivedHeaders): void {
    const known = this.#byClientId.get(streamId);
    if (known !== undefined) known.onRequestTrailers(headers);
    else if (streamId % 2 === 0) this.#host.onBroken(HTTP2_ERROR.PROTOCOL_ERROR, 'a stream with an even number');
    else if (streamId <= this.#lastClientId || this.#isLeaving) this.service.desync();
    else this.#begin(streamId, headers);
  }

  #begin(streamId: number, headers: ReceivedHeaders): void {
    this.#lastClientId = streamId;
    if (this.#byClientId.size >= MAX_STREAMS) {
      this.service.desync();
      this.client.write(encodeRstStream(streamId, HTTP2_ERROR.REFUSED_STREAM));
      return;
    }
    const stream = new Http2Stream(this, streamId, new Http2Request(headers.fields), headers);
    this.#byClientId.set(streamId, stream);
    stream.begin();
  }

  #onResponseHeaders(streamId: number, headers: ReceivedHeaders): void {
    const stream = this.#byServiceId.get(streamId);
    if (stream === undefined) this.client.desync();
    else stream.onResponseHeaders(headers);
  }

  #onData(from: Peer, stream: Http2Stream | undefined, frame: Http2Frame): void {
    const payload = dataOf(frame);
    if (payload === undefined) {
      this.#host.onBroken(HTTP2_ERROR.PROTOCOL_ERROR, 'malformed padding');
      return;
    }
    const spentBytes = frame.bytes.length - FRAME_HEADER_BYTES;
    if (stream === undefined) {
      this[from].credit(undefined, spentBytes);
      return;
    }
    const lane = from === 'client' ? stream.up : stream.down;
    const isEnd = (frame.flags & FLAG.END_STREAM) !== 0;
    lane.hasEnded ||= isEnd;
    // Padding does not go on; it was charged all the same.
    this[from].credit(isEnd ? undefined : frame.streamId, spentBytes - payload.length);
    lane.onData(frame, payload, isEnd);
    if (from === 'client' && lane.isSwallowing) stream.onSwallowed();
  }

  #onWindowUpdate(from: Peer, stream: Http2Stream | undefined, frame: Http2Frame): void {
    const bytes = windowIncrementOf(frame);
    if (bytes === undefined) {
      this.#host.onBroken(HTTP2_ERROR.FRAME_SIZE_ERROR, 'a malformed window update');
      return;
    }
    const other = this.#other(from);
    if (frame.streamId === 0) {
      const goesOn = this[from].grant(bytes);
      if (goesOn > 0) other.write(encodeWindowUpdate(0, goesOn));
      for (const out of [...this[from].blocked]) out.flush();
      return;
    }
    const [lane, otherId] = from === 'client' ? [stream?.down, stream?.serviceId] : [stream?.up, stream?.clientId];
    const goesOn = lane?.out?.grant(bytes) ?? 0;
    if (goesOn > 0 && otherId !== undefined && lane?.isOpenAtSource === true)
      other.write(encodeWindowUpdate(otherId, goesOn));
  }

  #onSettings(from: Peer, frame: Http2Frame): void {
    const settings = parseSettings(frame);
    if (settings === undefined) {
      this.#host.onBroken(HTTP2_ERROR.FRAME_SIZE_ERROR, 'malformed settings');
      return;
    }
    const other = this.#other(from);
    if ((frame.flags & FLAG.ACK) !== 0) {
      this[from].agree();
      other.write(frame.bytes);
      return;
    }
    const bounded = boundedSettings(settings, from);
    const growthBytes = this[from].applyOwn(bounded);
    if (!other.announce(bounded)) {
      this.#host.onBroken(HTTP2_ERROR.ENHANCE_YOUR_CALM, 'too many settings');
      return;
    }
    other.write(encodeSettings(bounded));
    if (from === 'service') this.#host.onServiceSettings();
    if (growthBytes === 0) return;
    for (const { up, down } of this.#byClientId.values()) (from === 'client' ? down : up).out?.widen(growthBytes);
  }

  #onGoaway(frame: Http2Frame): void {
    const parsed = parseGoaway(frame);
    if (parsed === undefined) return;
    this.#lastServiceId = Math.min(this.#lastServiceId, parsed.lastStreamId);
    if (parsed.lastStreamId === ALL_STREAMS) {
      this.client.write(frame.bytes);
      return;
    }
    // Streams that have ended are not known any more, and were looked at.
    const isAll = this.#nextServiceId - 2 <= parsed.lastStreamId;
    let last = 0;
    for (const [id, { clientId }] of this.#byServiceId) if (id <= parsed.lastStreamId) last = Math.max(last, clientId);
    this.sayGoaway(parsed.code, parsed.debug, isAll ? this.#lastClientId : last);
  }
}
