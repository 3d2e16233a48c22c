import type { HeaderField } from '../../../wire/hpack.ts';
import { encodeRstStream } from '../../../wire/http2-frames.ts';
import type { Exchange } from '../../exchange.ts';
import type { Http2Lane } from './http2-lane.ts';
import { Http2Out } from './http2-out.ts';
import type { Http2Side } from './http2-side.ts';
import { ReplayedOut, type Replay } from './replay.ts';

/** The connection to the service that a stream goes over. */
export interface ServiceWay<Stream> {
  readonly side: Http2Side;
  /** Where it leads, as host:port. */
  readonly endpoint: string | undefined;
  /** How often the service has been heard of on it. */
  readonly heard: number;
  /** The stream has no more to do with it. */
  leave(stream: Stream): void;
  /** Nothing has come in time; `heard` is from when that time began. */
  doubt(heard: number): void;
}

/** The head of a request as the service gets it; `block` undefined when that is not as it came. */
export interface SentHead {
  readonly fields: readonly HeaderField[];
  readonly block: Buffer | undefined;
  readonly isEnd: boolean;
}

export interface LegOptions {
  readonly up: Http2Lane;
  readonly down: Http2Lane;
  readonly exchange: Exchange;
  /** The end of the request has been sent. */
  readonly onSent: () => void;
}

/** A stream on its way to the service: over which connection, and by which id there. After `leave` it may take another. */
export class ServiceLeg<Stream> {
  readonly #options: LegOptions;
  #way: ServiceWay<Stream> | undefined;
  #id: number | undefined;
  #heard = 0;

  constructor(options: LegOptions) {
    this.#options = options;
  }

  /** Undefined as long as it is not open at the service. */
  get id(): number | undefined {
    return this.#id;
  }

  get isUnderWay(): boolean {
    return this.#way !== undefined;
  }

  /** It waits there until it may be opened. */
  await(way: ServiceWay<Stream>): void {
    this.#way = way;
    this.#heard = way.heard;
  }

  /** It is open: the head goes first, then what an earlier service has been sent, then what waits. */
  open(way: ServiceWay<Stream>, id: number, head: SentHead, replay: Replay | undefined): void {
    const { up, down, exchange } = this.#options;
    const { side } = way;
    this.await(way);
    this.#id = id;
    exchange.endpoint = way.endpoint;
    down.hasEnded = false;
    down.setSource(side, id);
    const out = this.#createOut(side, id, replay);
    out.send({ what: 'headers', ...head, isOwn: false });
    if (replay !== undefined) for (const item of replay.take()) out.send(item);
    up.open(out);
  }

  /** It has no more to do with the service, which is told so by `code` unless it knows. */
  leave(stream: Stream, code: number | undefined): void {
    const [way, id] = [this.#way, this.#id];
    if (way === undefined) return;
    const { up, down } = this.#options;
    const isOver = down.hasEnded && up.out?.isOver === true;
    if (id !== undefined && code !== undefined && !isOver) way.side.write(encodeRstStream(id, code));
    way.leave(stream);
    this.#way = undefined;
    this.#id = undefined;
    down.hasEnded = true;
    up.free(up.close());
  }

  onTimeout(): void {
    this.#way?.doubt(this.#heard);
  }

  #createOut(side: Http2Side, id: number, replay: Replay | undefined): Http2Out {
    const { up, onSent } = this.#options;
    if (!side.hasOwnWindows) return new Http2Out(side, id, onSent);
    const onBytes = (bytes: number): void => up.free(bytes);
    return replay === undefined
      ? new Http2Out(side, id, onSent, onBytes)
      : new ReplayedOut(side, id, replay, onSent, onBytes);
  }
}
