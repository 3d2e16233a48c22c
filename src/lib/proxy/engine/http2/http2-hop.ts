import {
  dataOf,
  errorCodeOf,
  FLAG,
  FRAME,
  FRAME_HEADER_BYTES,
  headerBlockOf,
  HTTP2_ERROR,
  parseSettings,
  windowIncrementOf,
  type Http2Frame,
} from '../../../wire/http2-frames.ts';
import { HeaderBlocks } from './header-blocks.ts';
import { boundedSettings, type Http2Side, type Settings } from './http2-side.ts';
import type { Http2Stream } from './http2-stream.ts';
import type { ReceivedHeaders } from './http2-streams.ts';

export type Peer = 'client' | 'service';

/** What the peer says of the connection, and not of a stream. */
export interface HopControl {
  /** Of its own; they hold already. */
  onSettings(settings: Settings): void;
  /** It has agreed to what it was told. */
  onSettled(frame: Http2Frame): void;
  /** It grants so much more over all streams. */
  onGrant(bytes: number): void;
  /** PING, GOAWAY, and what is not known. */
  onOther(frame: Http2Frame): void;
}

export interface HopOwner {
  /** The fields of a stream that is not open: a new one, or one that is over. */
  onNewHeaders(streamId: number, headers: ReceivedHeaders): void;
  /** Nothing that follows can be understood. */
  onBroken(code: number, why: string): void;
}

export interface HopOptions {
  readonly peer: Peer;
  readonly side: Http2Side;
  readonly control: HopControl;
  readonly owner: HopOwner;
}

/** The frames of one HTTP/2 connection, given to its streams, or to whoever cares for the connection. */
export class Http2Hop {
  readonly side: Http2Side;
  /** By the ids that they have here. */
  readonly streams = new Map<number, Http2Stream>();
  readonly #peer: Peer;
  readonly #control: HopControl;
  readonly #owner: HopOwner;
  readonly #blocks = new HeaderBlocks();

  constructor({ peer, side, control, owner }: HopOptions) {
    this.side = side;
    this.#peer = peer;
    this.#control = control;
    this.#owner = owner;
  }

  onFrame(frame: Http2Frame): void {
    switch (frame.type) {
      case FRAME.RST_STREAM:
        this.#onReset(frame);
        return;
      case FRAME.PRIORITY:
        // Advice about streams whose ids may differ on the other side (RFC 9113 section 5.3.2 has given it up).
        return;
      case FRAME.PUSH_PROMISE:
        this.#owner.onBroken(HTTP2_ERROR.PROTOCOL_ERROR, 'a push that nobody allowed');
        return;
      default:
    }
    if (!this.#blocks.allows(frame)) {
      this.#owner.onBroken(HTTP2_ERROR.PROTOCOL_ERROR, 'a header block was interrupted');
      return;
    }
    switch (frame.type) {
      case FRAME.DATA:
        this.#onData(frame);
        return;
      case FRAME.HEADERS:
      case FRAME.CONTINUATION:
        this.#onHeaderFrame(frame);
        return;
      case FRAME.WINDOW_UPDATE:
        this.#onWindowUpdate(frame);
        return;
      case FRAME.SETTINGS:
        this.#onSettings(frame);
        return;
      default:
        if (frame.streamId === 0) this.#control.onOther(frame);
    }
  }

  #onReset(frame: Http2Frame): void {
    const code = errorCodeOf(frame) ?? HTTP2_ERROR.CANCEL;
    const stream = this.streams.get(frame.streamId);
    if (this.#peer === 'client') stream?.onClientReset(code);
    else stream?.onServiceReset(code);
  }

  #onHeaderFrame(frame: Http2Frame): void {
    const part = headerBlockOf(frame);
    const assembled = part && this.#blocks.push(frame, part);
    if (assembled === undefined) {
      this.#owner.onBroken(HTTP2_ERROR.PROTOCOL_ERROR, 'a malformed header block');
      return;
    }
    if (assembled === 'more') return;
    const { streamId, block, isEnd } = assembled;
    const fields = this.side.decoder.decode(block);
    if (typeof fields === 'string') {
      this.#owner.onBroken(HTTP2_ERROR.COMPRESSION_ERROR, fields);
      return;
    }
    const stream = this.streams.get(streamId);
    if (stream === undefined) this.#owner.onNewHeaders(streamId, { fields, block, isEnd });
    else if (this.#peer === 'client') stream.onRequestTrailers({ fields, block, isEnd });
    else stream.onResponseHeaders({ fields, block, isEnd });
  }

  #onData(frame: Http2Frame): void {
    const payload = dataOf(frame);
    if (payload === undefined) {
      this.#owner.onBroken(HTTP2_ERROR.PROTOCOL_ERROR, 'malformed padding');
      return;
    }
    const spentBytes = frame.bytes.length - FRAME_HEADER_BYTES;
    if (!this.side.charge(spentBytes)) {
      this.#owner.onBroken(HTTP2_ERROR.FLOW_CONTROL_ERROR, 'more data than was granted');
      return;
    }
    const stream = this.streams.get(frame.streamId);
    if (stream === undefined) {
      this.side.credit(spentBytes);
      return;
    }
    const isEnd = (frame.flags & FLAG.END_STREAM) !== 0;
    const lane = this.#peer === 'client' ? stream.up : stream.down;
    lane.hasEnded ||= isEnd;
    // Padding does not go on; it was charged all the same.
    if (spentBytes > payload.length) lane.free(spentBytes - payload.length);
    if (this.#peer === 'service') stream.onResponseData(payload, isEnd);
    lane.onData(frame, payload, isEnd);
    if (this.#peer === 'client' && lane.isSwallowing) stream.onSwallowed();
  }

  #onWindowUpdate(frame: Http2Frame): void {
    const bytes = windowIncrementOf(frame);
    if (bytes === undefined) {
      this.#owner.onBroken(HTTP2_ERROR.FRAME_SIZE_ERROR, 'a malformed window update');
      return;
    }
    if (frame.streamId === 0) {
      this.#control.onGrant(bytes);
      return;
    }
    const stream = this.streams.get(frame.streamId);
    (this.#peer === 'client' ? stream?.down : stream?.up)?.onGrant(bytes);
  }

  #onSettings(frame: Http2Frame): void {
    const settings = parseSettings(frame);
    if (settings === undefined) {
      this.#owner.onBroken(HTTP2_ERROR.FRAME_SIZE_ERROR, 'malformed settings');
      return;
    }
    if ((frame.flags & FLAG.ACK) !== 0) {
      this.side.agree();
      this.#control.onSettled(frame);
      return;
    }
    const bounded = boundedSettings(settings, this.#peer);
    const growthBytes = this.side.applyOwn(bounded);
    // Streams that open from here on begin with the new windows.
    if (growthBytes !== 0) {
      for (const { up, down } of [...this.streams.values()])
        (this.#peer === 'client' ? down : up).out?.widen(growthBytes);
    }
    this.#control.onSettings(bounded);
  }
}
