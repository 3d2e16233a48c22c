import type { BatchPrefix } from './batch-prefix.ts';
import type { MemoryMap } from './limits.ts';
import type { LogFile } from './log-file.ts';

/** A run of whole lines of one file: bytes [from, to) of it are in the batch. */
export interface LogSegment {
  readonly file: LogFile;
  readonly from: number;
  readonly to: number;
  readonly lines: number;
}

/** An ExportLogsServiceRequest in the kernel's memory, until it is released. */
export interface LogBatch {
  readonly index: number;
  readonly bytes: Buffer;
  readonly lines: number;
  readonly inputBytes: number;
  readonly segments: readonly LogSegment[];
}

/** A batch that records are still added to. */
export interface OpenBatch {
  readonly index: number;
  readonly recordsAt: number;
  readonly limit: number;
  output: number;
  lines: number;
  inputBytes: number;
  segments: { file: LogFile; from: number; to: number; lines: number }[];
}

/** The batches of a kernel: one open at most, others taken, the rest free. The one released last is used first: the processor still has it. */
export class LogBatches {
  readonly #memory: Buffer;
  readonly #places: MemoryMap['batches'];
  readonly #prefix: BatchPrefix;
  readonly #free: number[];
  readonly #taken = new Set<number>();
  open: OpenBatch | undefined;

  constructor(memory: Buffer, places: MemoryMap['batches'], prefix: BatchPrefix) {
    this.#memory = memory;
    this.#places = places;
    this.#prefix = prefix;
    this.#free = places.map((_, index) => index).reverse();
  }

  get freeCount(): number {
    return this.#free.length;
  }

  /** The open batch, or a free one that is opened; undefined when all are taken. */
  lookupOpen(): OpenBatch | undefined {
    if (this.open !== undefined) return this.open;
    const index = this.#free.pop();
    const place = index === undefined ? undefined : this.#places[index];
    if (index === undefined || place === undefined) return undefined;
    const { recordsAt, limit } = place;
    return (this.open = { index, recordsAt, limit, output: recordsAt, lines: 0, inputBytes: 0, segments: [] });
  }

  /** Adds what has been written up to `output`: lines of [from, to) of a file. */
  add(batch: OpenBatch, output: number, file: LogFile, from: number, to: number, lines: number): void {
    batch.output = output;
    batch.lines += lines;
    batch.inputBytes += to - from;
    const last = batch.segments.at(-1);
    if (last?.file !== file || last.to !== from) batch.segments.push({ file, from, to, lines });
    else {
      last.to = to;
      last.lines += lines;
    }
  }

  /** Closes the open batch; undefined when no record is in it. */
  take(): LogBatch | undefined {
    const batch = this.open;
    if (batch === undefined || batch.lines === 0) return undefined;
    this.open = undefined;
    this.#taken.add(batch.index);
    const { index, recordsAt, output, lines, inputBytes, segments } = batch;
    const start = this.#prefix.writeBefore(recordsAt, output - recordsAt, this.#memory);
    return { index, bytes: this.#memory.subarray(start, output), lines, inputBytes, segments };
  }

  /** Throws a RangeError when that batch is not taken: its bytes would be overwritten under whoever has it. */
  release(index: number): void {
    if (!this.#taken.delete(index)) throw new RangeError(`batch ${index} is not taken`);
    this.#free.push(index);
  }
}
