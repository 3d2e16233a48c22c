import type { HeaderField } from '../../../wire/hpack.ts';
import { GrpcMessageScanner } from '../../../wire/grpc.ts';
import { encodeWindowUpdate, FRAME_HEADER_BYTES, withStreamId, type Http2Frame } from '../../../wire/http2-frames.ts';
import type { Clock } from '../../../runtime/clock.ts';
import type { Delay, LateEnding, Pace, Wish } from '../../chain.ts';
import type { StreamMachine } from '../../filter.ts';
import { ChunkDice } from '../../dice.ts';
import type { InstalledFilter } from '../../installed-filter.ts';
import type { Direction } from '../../views.ts';
import { MAX_EDITED_BODY_BYTES } from '../message-edits.ts';
import { MessageQueue } from '../message-queue.ts';
import type { QueueBudget } from '../queue-budget.ts';
import { chargedBytes, pushMerged, type Http2Item, type Http2Out } from './http2-out.ts';
import type { Http2Side } from './http2-side.ts';
import type { MessageDecisions } from './message-decisions.ts';

type LaneItem =
  | Http2Item
  | { readonly what: 'ending'; readonly ending: Wish<LateEnding> }
  | { readonly what: 'reset'; readonly code: number };

/** Who decides about what passes. */
export interface Http2LaneOwner {
  /** What faults want of the messages of a call. */
  readonly messages: MessageDecisions;
  /** The body is complete, or too long to be kept: `body` is undefined then, and what was kept follows by `flush`. */
  onCollected(direction: Direction, body: Buffer | undefined, kept: Buffer, isEnd: boolean): void;
  onEnding(ending: Wish<LateEnding>): void;
  onReset(direction: Direction, code: number): void;
}

export interface Http2LaneOptions {
  readonly direction: Direction;
  readonly clock: Clock;
  readonly budget: QueueBudget;
  readonly owner: Http2LaneOwner;
  readonly isGrpc: boolean;
}

interface PacedBy {
  readonly by: InstalledFilter;
  readonly machine: StreamMachine;
  readonly dice: ChunkDice;
}

const NO_DELAYS: readonly Delay[] = [];
const EMPTY = Buffer.alloc(0);
/** Nothing is dropped so long that a sender would stall for want of a grant; after so much of it the stream is reset. */
export const MAX_SWALLOWED_BYTES = 1_048_576;

/**
 * One direction of one stream:
 *
 *     source ──▶ messages told apart ──▶ queue (delays) ──▶ out (windows) ──▶ sink
 *                     └─ collect: kept until whole, to be changed
 *                     └─ swallow: dropped, and granted again
 */
export class Http2Lane {
  readonly #options: Http2LaneOptions;
  readonly #queue: MessageQueue<LaneItem>;
  readonly #scanner: GrpcMessageScanner | undefined;
  /** The peer that sends in this direction, and its id of the stream; undefined as long as nobody does. */
  #source: Http2Side | undefined;
  #sourceId = 0;
  #out: Http2Out | undefined;
  /** What waits for `#out`. */
  #early: Http2Item[] = [];
  #mode: 'pass' | 'collect' | 'swallow' = 'pass';
  #collected: Buffer[] = [];
  #collectedBytes = 0;
  #swallowedBytes = 0;
  #later: readonly Wish<LateEnding>[] = [];
  #paces: readonly PacedBy[] = [];
  #frames = 0;
  /** Spent by the source, gone on since then, and not granted again yet. */
  #freeBytes = 0;
  hasEnded = false;

  constructor(options: Http2LaneOptions) {
    this.#options = options;
    this.#queue = new MessageQueue(options.clock, options.budget, (item) => this.#deliver(item));
    this.#scanner = options.isGrpc ? new GrpcMessageScanner() : undefined;
  }

  get out(): Http2Out | undefined {
    return this.#out;
  }

  /** Whether so much waits that the source should not be read. */
  get isFull(): boolean {
    return this.#queue.isFull;
  }

  get isSwallowing(): boolean {
    return this.#mode === 'swallow';
  }

  /** Whether a sender has been let send into nothing for long enough. */
  get hasSwallowedMuch(): boolean {
    return this.#swallowedBytes > MAX_SWALLOWED_BYTES;
  }

  /** Who sends, and by which id it knows the stream. */
  setSource(source: Http2Side, sourceId: number): void {
    this.#source = source;
    this.#sourceId = sourceId;
  }

  /** The stream is open towards the sink: what waits for it goes on. */
  open(out: Http2Out): void {
    this.#out = out;
    const early = this.#early;
    this.#early = [];
    for (const item of early) this.#deliver(item);
  }

  /** What has not gone on yet waits for another `open`; how many bytes of the source were dropped on the way. */
  close(): number {
    const dropped = this.#out?.dispose() ?? 0;
    this.#out = undefined;
    return dropped;
  }

  /** The sink grants more: so much goes on to the source, unless that has windows of our own. */
  onGrant(bytes: number): void {
    const goesOn = this.#out?.grant(bytes) ?? 0;
    const source = this.#source;
    if (goesOn === 0 || source === undefined || source.hasOwnWindows) return;
    if (!this.hasEnded && this.#mode === 'pass') source.write(encodeWindowUpdate(this.#sourceId, goesOn));
  }

  /** What the source spent on these bytes is granted to it again: they have gone on where windows are our own, or were dropped. */
  free(bytes: number): void {
    const source = this.#source;
    if (source === undefined) return;
    source.credit(bytes);
    if (this.hasEnded) return;
    this.#freeBytes += bytes;
    if (this.#freeBytes < source.streamStepBytes) return;
    source.creditStream(this.#sourceId, this.#freeBytes);
    this.#freeBytes = 0;
  }

  /** Endings that wait for messages of this direction. */
  await(later: readonly Wish<LateEnding>[]): void {
    this.#later = later;
  }

  pace(paces: readonly Pace[]): void {
    this.#paces = paces
      .filter(({ direction, by }) => direction === this.#options.direction && !by.isRemoved)
      .map(({ by, open, dice }) => ({ by, machine: open(), dice: new ChunkDice(dice, this.#options.direction) }));
  }

  /** From now on the body is kept until it is whole. */
  collect(): void {
    this.#mode = 'collect';
  }

  /** From now on nothing goes on any more. */
  swallow(): void {
    this.#mode = 'swallow';
    this.#dropWaiting();
  }

  headers(fields: readonly HeaderField[], block: Buffer | undefined, isEnd: boolean, isOwn = false): void {
    this.#queue.push({ what: 'headers', fields, block, isOwn, isEnd }, 0);
  }

  /** Data of our own. */
  ownData(bytes: Buffer, isEnd: boolean): void {
    this.#queue.push({ what: 'data', bytes, isOwn: true, isEnd }, bytes.length);
  }

  reset(code: number): void {
    this.#queue.push({ what: 'reset', code }, 0);
  }

  /** `payload` is the data of the frame without padding; the source has been granted that already. */
  onData(frame: Http2Frame, payload: Buffer, isEnd: boolean): void {
    if (this.#mode === 'swallow') this.#swallow(payload.length);
    else if (this.#mode === 'collect') this.#collect(payload, isEnd);
    else if (this.#needsMessages()) this.#splitMessages(payload, isEnd);
    else {
      this.#follow(payload);
      this.#passOn(frame, payload, isEnd);
    }
  }

  /** The end of the stream came without data. */
  onCollectedEnd(): void {
    if (this.#mode === 'collect') this.#collect(EMPTY, true);
  }

  /** The stream is over. What the source spent on what still waited is granted to it again. */
  dispose(): void {
    this.#mode = 'swallow';
    this.#source?.credit(this.#out?.dispose() ?? 0);
    this.#dropWaiting();
  }

  #needsMessages(): boolean {
    return (
      this.#later.length > 0 ||
      this.#paces.length > 0 ||
      (this.#scanner !== undefined && this.#options.owner.messages.areLookedAt)
    );
  }

  /** Follows the boundaries of messages, so that a fault can begin at any of them. */
  #follow(payload: Buffer): void {
    const scanner = this.#scanner;
    if (scanner === undefined) return;
    for (let at = 0; at < payload.length;) at = scanner.scan(payload, at);
  }

  #passOn(frame: Http2Frame, payload: Buffer, isEnd: boolean): void {
    const out = this.#out;
    const isWhole = payload.length === frame.bytes.length - FRAME_HEADER_BYTES;
    if (out !== undefined && isWhole && this.#queue.isEmpty && out.canPass(payload.length)) {
      out.pass(withStreamId(frame, out.streamId, true), payload.length, isEnd);
    } else this.#push(payload, isEnd, NO_DELAYS);
  }

  #splitMessages(payload: Buffer, isEnd: boolean): void {
    const scanner = this.#scanner;
    if (scanner === undefined) {
      this.#frames++;
      this.#pushPaced(payload, isEnd && !this.#isDue(this.#frames), NO_DELAYS);
      this.#endIfDue(this.#frames);
      return;
    }
    let from = 0;
    let at = 0;
    let delays = NO_DELAYS;
    while (at < payload.length) {
      if (scanner.isAtBoundary) {
        if (at > from) this.#pushPaced(payload.subarray(from, at), false, delays);
        from = at;
        delays = this.#options.owner.messages.areLookedAt
          ? this.#options.owner.messages.decide(this.#options.direction, scanner.begun)
          : NO_DELAYS;
      }
      const finished = scanner.finished;
      at = scanner.scan(payload, at);
      if (scanner.finished === finished || !this.#isDue(scanner.finished)) continue;
      this.#pushPaced(payload.subarray(from, at), false, delays);
      this.#endIfDue(scanner.finished);
      this.#swallow(payload.length - at);
      return;
    }
    this.#pushPaced(payload.subarray(from), isEnd, delays);
  }

  #isDue(messages: number): boolean {
    return this.#later.some(({ by, action }) => !by.isRemoved && action.afterMessages === messages);
  }

  #endIfDue(messages: number): void {
    const ending = this.#later.find(({ by, action }) => !by.isRemoved && action.afterMessages === messages);
    if (ending === undefined) return;
    this.#mode = 'swallow';
    this.#queue.push({ what: 'ending', ending }, 0);
  }

  #pushPaced(bytes: Buffer, isEnd: boolean, delays: readonly Delay[]): void {
    if (this.#paces.length === 0 || bytes.length === 0) {
      this.#push(bytes, isEnd, delays);
      return;
    }
    const nowMs = this.#options.clock.monotonicMs();
    const paced = this.#paces.flatMap(({ by, machine, dice }) =>
      machine
        .onChunk(bytes, nowMs, dice.next())
        .flatMap((action) => (action.do === 'pass' ? [{ by, delayMs: Math.max(0, action.atMs - nowMs) }] : [])),
    );
    for (const { by } of paced) by.account.touched++;
    this.#push(bytes, isEnd, [...delays, ...paced]);
  }

  /** What waits is copied out of the chunk that it came in: that may be much larger. */
  #push(bytes: Buffer, isEnd: boolean, delays: readonly Delay[]): void {
    const goesAtOnce = delays.length === 0 && this.#queue.isEmpty && this.#out !== undefined;
    const kept = goesAtOnce ? bytes : Buffer.from(bytes);
    this.#queue.push({ what: 'data', bytes: kept, isOwn: false, isEnd }, bytes.length, delays);
  }

  #deliver(item: LaneItem): void {
    const { owner, direction } = this.#options;
    if (item.what === 'ending') this.#then(() => owner.onEnding(item.ending));
    else if (item.what === 'reset') this.#then(() => owner.onReset(direction, item.code));
    else if (this.#out === undefined) pushMerged(this.#early, item);
    else this.#out.send(item);
  }

  #then(run: () => void): void {
    if (this.#out === undefined) run();
    else this.#out.send({ what: 'then', run });
  }

  #collect(payload: Buffer, isEnd: boolean): void {
    this.free(payload.length);
    this.#collected.push(Buffer.from(payload));
    this.#collectedBytes += payload.length;
    const isTooLong = this.#collectedBytes > MAX_EDITED_BODY_BYTES;
    if (!isEnd && !isTooLong) return;
    const kept = Buffer.concat(this.#collected);
    this.#collected = [];
    this.#mode = 'pass';
    this.#options.owner.onCollected(this.#options.direction, isTooLong ? undefined : kept, kept, isEnd);
  }

  #swallow(bytes: number): void {
    this.#swallowedBytes += bytes;
    this.free(bytes);
  }

  #dropWaiting(): void {
    const bytes = chargedBytes(this.#queue.clear()) + chargedBytes(this.#early);
    this.#early = [];
    if (bytes > 0) this.#source?.credit(bytes);
  }
}
