import { encodeGoaway, encodeRstStream, HTTP2_ERROR } from '../../../wire/http2-frames.ts';
import type { RequestEnding } from '../../filter.ts';
import type { Destination } from '../../protection.ts';
import type { Guard } from '../../protection/guard.ts';
import type { ConnectionView } from '../../views.ts';
import type { Front } from '../front.ts';
import { Http2Hop, type HopControl, type HopOwner } from './http2-hop.ts';
import { Http2Request } from './http2-request.ts';
import type { Http2Side } from './http2-side.ts';
import { Http2Stream } from './http2-stream.ts';
import type { Http2Streams, ReceivedHeaders } from './http2-streams.ts';

/** The last stream id there is: in a GOAWAY it says that nothing is refused yet. */
export const ALL_STREAMS = 0x7fff_ffff;

/** What a client's session may use of what is around it, and what it tells it. */
export interface SessionHost {
  readonly front: Front;
  readonly view: ConnectionView;
  /** What each request has to pass; undefined: nothing, or the connection as a whole has passed it. */
  readonly guard: Guard | undefined;
  /** Where a connection goes that was begun before the first request; told once. */
  takeFirst(): Destination | undefined;
  /** Finds the stream a connection to the service; it hears of that by `onRouted`, or is refused or failed. */
  route(stream: Http2Stream): void;
  /** A header block of the client does not reach the service as it was. */
  onWithheld(): void;
  /** Nothing that follows can be understood. */
  onBroken(code: number, why: string): void;
  /** No stream is left. */
  onIdle(): void;
  /** The connection is to end now. */
  onLeave(): void;
}

export interface SessionOptions {
  readonly host: SessionHost;
  readonly side: Http2Side;
  readonly control: HopControl;
  /** Streams at once; one more is refused. */
  readonly maxStreams: number;
}

/**
 * A client's HTTP/2 connection: its requests, each on a stream of its own.
 *
 *     client ──HEADERS 5──▶ ┌────────────┐ ──HEADERS 3──▶ service       ids differ once a fault has answered a request,
 *            ◀──DATA 5────  │ stream 5/3 │ ◀──DATA 3────               or let one wait, or requests go to several endpoints
 *                           └────────────┘
 */
export class Http2Session implements Http2Streams<Http2Stream>, HopOwner {
  readonly front: Front;
  readonly client: Http2Side;
  readonly hop: Http2Hop;
  readonly #host: SessionHost;
  readonly #maxStreams: number;
  #lastId = 0;
  /** The last id that the client was told of as looked at. */
  #saidLastId = ALL_STREAMS;
  #isLeaving = false;

  constructor({ host, side, control, maxStreams }: SessionOptions) {
    this.#host = host;
    this.#maxStreams = maxStreams;
    this.front = host.front;
    this.client = side;
    this.hop = new Http2Hop({ peer: 'client', side, control, owner: this });
  }

  get view(): ConnectionView {
    return this.#host.view;
  }

  get guard(): Guard | undefined {
    return this.#host.guard;
  }

  get streams(): Iterable<Http2Stream> {
    return this.hop.streams.values();
  }

  get isIdle(): boolean {
    return this.hop.streams.size === 0;
  }

  /** The id of the stream that came last; 0 before the first. */
  get lastId(): number {
    return this.#lastId;
  }

  /** No stream is taken any more. */
  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  /** `why` the requests under way get no answer. */
  dispose(why: 'client-gone' | 'upstream-closed'): void {
    for (const stream of [...this.streams]) stream.dispose(why);
  }

  /** The last stream that is looked at may only become an earlier one (RFC 9113 section 6.8). */
  sayGoaway(code: number, debug?: Buffer, lastStreamId = this.#lastId): void {
    this.#saidLastId = Math.max(0, Math.min(this.#saidLastId, lastStreamId));
    this.client.write(encodeGoaway(this.#saidLastId, code, debug));
  }

  // For the streams

  takeFirst(): Destination | undefined {
    return this.#host.takeFirst();
  }

  route(stream: Http2Stream): void {
    this.#host.route(stream);
  }

  withhold(): void {
    this.#host.onWithheld();
  }

  goAway(stream: Http2Stream, { code, debug, cut }: Extract<RequestEnding, { do: 'goaway' }>): void {
    // What came before it may still be answered; this one and those that follow were not looked at.
    this.sayGoaway(code, Buffer.from(debug), stream.clientId - 2);
    this.#isLeaving = true;
    if (cut) this.#host.onLeave();
  }

  forget({ clientId }: Http2Stream): void {
    this.hop.streams.delete(clientId);
    if (this.isIdle) this.#host.onIdle();
  }

  // From the client

  onNewHeaders(streamId: number, headers: ReceivedHeaders): void {
    if (streamId % 2 === 0) this.#host.onBroken(HTTP2_ERROR.PROTOCOL_ERROR, 'a stream with an even number');
    else if (streamId <= this.#lastId || this.#isLeaving) this.#host.onWithheld();
    else this.#begin(streamId, headers);
  }

  onBroken(code: number, why: string): void {
    this.#host.onBroken(code, why);
  }

  #begin(streamId: number, headers: ReceivedHeaders): void {
    this.#lastId = streamId;
    if (this.hop.streams.size >= this.#maxStreams) {
      this.#host.onWithheld();
      this.client.write(encodeRstStream(streamId, HTTP2_ERROR.REFUSED_STREAM));
      return;
    }
    const stream = new Http2Stream(this, streamId, new Http2Request(headers.fields), headers);
    this.hop.streams.set(streamId, stream);
    stream.begin();
  }
}
