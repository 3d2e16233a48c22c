import { FRAME_HEADER_BYTES } from '../../../wire/http2-frames.ts';
import { Http2Out, type Http2Item } from './http2-out.ts';
import type { Http2Side } from './http2-side.ts';

/** What is kept of a request's body for another try: most calls are smaller, and a stream's first window is no larger. */
const MAX_REPLAY_BYTES = 65_536;

/** What a request has been sent so far behind its head, for as long as it may have to be sent again. */
export class Replay {
  #items: Http2Item[] | undefined = [];
  #bytes = 0;

  /** Whether all of it is kept. */
  get isWhole(): boolean {
    return this.#items !== undefined;
  }

  /** It will not be sent again. */
  drop(): void {
    this.#items = undefined;
  }

  add(item: Http2Item): void {
    if (this.#items === undefined || item.what === 'then') return;
    if (item.what === 'headers') {
      this.#items.push(item);
      return;
    }
    this.#bytes += item.bytes.length;
    if (this.#bytes > MAX_REPLAY_BYTES) this.drop();
    // By then its sender has been granted these bytes again.
    else this.#items.push({ ...item, bytes: Buffer.from(item.bytes), isOwn: true });
  }

  /** All that was kept, to be added again as it is sent. */
  take(): readonly Http2Item[] {
    const items = this.#items ?? [];
    this.#items = [];
    this.#bytes = 0;
    return items;
  }
}

/** Towards a service that may not be the last one to be asked. */
export class ReplayedOut extends Http2Out {
  readonly #replay: Replay;
  #hasHead = false;

  /** The head is sent first. */
  constructor(side: Http2Side, streamId: number, replay: Replay, onEnd: () => void, onSent: (bytes: number) => void) {
    super(side, streamId, onEnd, onSent);
    this.#replay = replay;
  }

  override pass(frame: Buffer, bytes: number, isEnd: boolean): void {
    this.#replay.add({ what: 'data', bytes: frame.subarray(FRAME_HEADER_BYTES), isOwn: true, isEnd });
    super.pass(frame, bytes, isEnd);
  }

  override send(item: Http2Item): void {
    if (this.#hasHead) this.#replay.add(item);
    this.#hasHead = true;
    super.send(item);
  }
}
