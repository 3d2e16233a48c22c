import type { Clock } from '../../runtime/clock.ts';
import { createChunkDice } from '../dice.ts';
import type { Dice, Direction } from '../filter.ts';
import type { InstalledFilter } from '../installed-filter.ts';
import { DelayLine } from './delay-line.ts';

/** What may wait in one direction of one connection; beyond either bound its source is not read. */
export const MAX_QUEUED_BYTES = 1_048_576;
export const MAX_QUEUED_CHUNKS = 16_384;

/** A connection that a filter has chosen. Shared by its two directions. */
export interface Watch {
  readonly by: InstalledFilter;
  readonly dice: Dice;
  touched: boolean;
}

export interface LaneOptions {
  readonly clock: Clock;
  readonly direction: Direction;
  readonly source: { pause(): void; resume(): void };
  /** `write` is false when the sink is full and will call `onDrain`. */
  readonly sink: { write(chunk: Buffer): boolean; end(): void };
  /** A filter wants the connection cut. */
  readonly cut: (by: InstalledFilter) => void;
}

interface Stage {
  readonly watch: Watch;
  readonly line: DelayLine;
  chunks: number;
}

/**
 * One direction of a raw TCP connection: chunks go through the delay lines of the filters that watch it, then to the sink.
 *
 *     source ──▶ line of A ──▶ line of B ──▶ sink        no filter: straight through
 */
export class Lane {
  readonly #options: LaneOptions;
  #stages: readonly Stage[] = [];
  #sinkFull = false;
  #paused = false;
  #endsUnderWay = 0;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  watch(watch: Watch): void {
    const line = new DelayLine({
      clock: this.#options.clock,
      by: watch.by,
      pass: (chunk) => this.#leave(stage, chunk),
    });
    const stage: Stage = { watch, line, chunks: 0 };
    this.#stages = [...this.#stages, stage];
  }

  accept(chunk: Buffer): void {
    this.#enter(0, chunk);
    this.#steer();
  }

  /** The source has ended; so does the sink, once everything before has gone out. A second end may follow, when a reset comes after it. */
  finish(): void {
    this.#endsUnderWay++;
    this.#enter(0, undefined);
  }

  /** Whether an end is still behind bytes that wait. */
  get isFinishing(): boolean {
    return this.#endsUnderWay > 0;
  }

  onDrain(): void {
    this.#sinkFull = false;
    this.#steer();
  }

  dispose(): void {
    for (const { line } of this.#stages) line.dispose();
    this.#stages = [];
  }

  #enter(at: number, chunk: Buffer | undefined): void {
    const stage = this.#stages[at];
    if (stage === undefined) this.#deliver(chunk);
    else stage.line.push(chunk, this.#delayOf(stage, chunk));
  }

  /** What the stage's filter asks for this chunk. */
  #delayOf(stage: Stage, chunk: Buffer | undefined): number | undefined {
    const { by, dice } = stage.watch;
    if (chunk === undefined || by.isRemoved) return undefined;
    const chunkDice = createChunkDice(dice, this.#options.direction, stage.chunks++);
    const action = by.decideChunk(chunk.length, this.#options.direction, chunkDice);
    if (action === undefined) return undefined;
    if (!stage.watch.touched) by.touch(action.do);
    stage.watch.touched = true;
    if (action.do === 'delay') return action.delayMs;
    this.#options.cut(by);
    return undefined;
  }

  #leave(stage: Stage, chunk: Buffer | undefined): void {
    this.#enter(this.#stages.indexOf(stage) + 1, chunk);
    if (stage.watch.by.isRemoved && stage.line.queuedChunks === 0) {
      this.#stages = this.#stages.filter((other) => other !== stage);
    }
    this.#steer();
  }

  #deliver(chunk: Buffer | undefined): void {
    if (chunk === undefined) {
      this.#endsUnderWay--;
      this.#options.sink.end();
    } else if (!this.#options.sink.write(chunk)) this.#sinkFull = true;
  }

  /** Reads from the source only while there is room. */
  #steer(): void {
    let bytes = 0;
    let chunks = 0;
    for (const { line } of this.#stages) {
      bytes += line.queuedBytes;
      chunks += line.queuedChunks;
    }
    const pause = this.#sinkFull || bytes >= MAX_QUEUED_BYTES || chunks >= MAX_QUEUED_CHUNKS;
    if (pause === this.#paused) return;
    this.#paused = pause;
    if (pause) this.#options.source.pause();
    else this.#options.source.resume();
  }
}
