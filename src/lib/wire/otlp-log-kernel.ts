import { isUtf8 } from 'node:buffer';
import { BatchPrefix } from './log-kernel/batch-prefix.ts';
import { ENDING, FramingModule, KERNEL_FIXED_BYTES, OPTION, STATUS } from './log-kernel/framing-module.ts';
import { mapMemory, type MemoryMap, type Sizes } from './log-kernel/limits.ts';
import { type LogBatch, LogBatches, type LogSegment, type OpenBatch } from './log-kernel/log-batches.ts';
import { LogFile } from './log-kernel/log-file.ts';
import type { OtlpAttributes } from './otlp-attributes.ts';

export type { LogBatch, LogFile, LogSegment };

/** Sizes: 4 batches of 4 MiB, lines up to 1 MiB, a landing place of 1 MiB, unless told. */
export interface LogKernelOptions extends Partial<Sizes> {
  /** Attributes of the resource that every batch names. */
  readonly resource?: OtlpAttributes;
  readonly scopeVersion?: string;
  /** Replace bytes that are no UTF-8 (default); without it they are passed on, and receivers may refuse the batch. */
  readonly checkUtf8?: boolean;
  /** Keep the bytes of such lines as the attribute `log.record.original`, as many as the batch has room for. */
  readonly keepOriginal?: boolean;
  /** Detect severities. */
  readonly severity?: boolean;
  /** Take the ids of trace and span from JSON and logfmt lines. */
  readonly traceIds?: boolean;
}

/**
 * What the end of the input is. `more`: the file goes on, a line without its newline waits. `flush`: it has waited for too long, so frame
 * what is there, marked `log.partial`, and later its rest, `log.continuation`. `last`: the file ends here.
 */
export type InputEnding = keyof typeof ENDING;

/**
 * What a call came to. `done`: all lines are framed, a line that waits begins at `rest`. `full`: take the batch and call again from `rest`.
 * `no-batch`: nothing was framed, all batches are taken. `head-needed`: the end of a line over the limit has been seen; read again from
 * `nextOffset`, its first byte, at least `maxLineBytes`, and call with these.
 */
export type FrameStatus = 'done' | 'full' | 'no-batch' | 'head-needed';

/** Counted since the kernel was made. */
export interface LogKernelStatistics {
  readonly lines: number;
  readonly inputBytes: number;
  /** Lines in which bytes were replaced, that were cut at the limit, that have a severity. */
  readonly replacedLines: number;
  readonly cutLines: number;
  readonly severities: number;
  readonly batches: number;
  readonly outputBytes: number;
}

const NEWLINE = 0x0a;
const SCOPE_NAME = 'logship';
/** A batch is what receivers of gRPC take by default. */
const DEFAULT_SIZES: Sizes = { batches: 4, batchBytes: 4 << 20, maxLineBytes: 1 << 20, landingBytes: 1 << 20 };

/** A kernel whose memory is set aside once and never grows. Throws a RangeError when sizes do not go together. */
export function createLogKernel(options: LogKernelOptions = {}): LogKernel {
  return new LogKernel(options);
}

/**
 * Frames the lines of files as OTLP log records. Files are read straight into `landing`; positions of input count from its first byte, and
 * are negative for what `keepRest` has put before it. Nothing is made per line.
 *
 *     const end = readSync(fd, kernel.landing, 0, kernel.landing.length, offset + kept);
 *     kernel.frame(file, -kept, end, offset, unixMs, 'more');       done: offset = kernel.nextOffset
 *     kept = kernel.keepRest(end);
 *
 * The inputs of a file follow each other, each from `nextOffset` on; one that begins elsewhere begins a line.
 */
export class LogKernel {
  readonly landing: Buffer;
  readonly maxLineBytes: number;
  /** After a call: the first byte that is not framed, and the offset of the file that the next input begins at. */
  rest = 0;
  nextOffset = 0;
  readonly #module: FramingModule;
  readonly #map: MemoryMap;
  readonly #batches: LogBatches;
  readonly #options: number;
  readonly #checksUtf8: boolean;
  readonly #counts = {
    lines: 0,
    inputBytes: 0,
    replacedLines: 0,
    cutLines: 0,
    severities: 0,
    batches: 0,
    outputBytes: 0,
  };

  constructor(options: LogKernelOptions) {
    const sizes = { ...DEFAULT_SIZES, ...options };
    const scope = { name: SCOPE_NAME, version: options.scopeVersion ?? '' };
    const prefix = new BatchPrefix(options.resource ?? {}, scope);
    this.#map = mapMemory(sizes, KERNEL_FIXED_BYTES, prefix.maxBytes);
    this.#module = new FramingModule(this.#map.totalBytes, sizes.maxLineBytes, sizes.batchBytes - prefix.maxBytes);
    this.#batches = new LogBatches(this.#module.memory, this.#map.batches, prefix);
    this.#options =
      (options.severity === true ? OPTION.severity : 0) |
      (options.traceIds === true ? OPTION.traceIds : 0) |
      (options.keepOriginal === true ? OPTION.keepOriginal : 0);
    this.#checksUtf8 = options.checkUtf8 ?? true;
    this.maxLineBytes = sizes.maxLineBytes;
    this.landing = this.#module.memory.subarray(this.#map.landingAt, this.#map.landingAt + sizes.landingBytes);
  }

  /** A file whose lines will come. `id` is the same for the same file ever after. Throws an AppError when path or id are no such thing. */
  addFile({ path, id }: { readonly path: string; readonly id: string }): LogFile {
    return new LogFile(path, id);
  }

  /** Lets go of it; batches keep their segments. */
  removeFile(file: LogFile): void {
    this.#module.deactivate(file);
  }

  /** Frames lines of [start, end) in the open batch; `offset` is that of `start` in the file, `unixMs` the time of observation. */
  frame(file: LogFile, start: number, end: number, offset: number, unixMs: number, ending: InputEnding): FrameStatus {
    this.#checkInput(start, end, offset);
    const batch = this.#batches.lookupOpen();
    this.rest = start;
    this.nextOffset = offset;
    if (batch === undefined) return 'no-batch';
    this.#module.activate(file);
    const from = this.#map.landingAt + start;
    const to = this.#map.landingAt + end;
    const checkLines = this.#hasInvalid(from, to, ending !== 'more' || file.awaitsHead) ? OPTION.checkLines : 0;
    const options = this.#options | checkLines;
    const status = this.#module.frame(from, to, offset, unixMs, batch.output, batch.limit, options, ENDING[ending]);
    this.rest = this.#module.rest - this.#map.landingAt;
    this.nextOffset = this.#module.nextOffset;
    this.#count(file, batch, offset);
    if (status === STATUS.full) {
      if (batch.lines === 0) throw new Error(`a line of ${file.path} at ${this.nextOffset} fits in no batch`);
      return 'full';
    }
    file.awaitsHead = status === STATUS.headNeeded;
    return file.awaitsHead ? 'head-needed' : 'done';
  }

  /** Moves what is left of the input to before the landing place, and returns how many bytes that is. */
  keepRest(end: number): number {
    const bytes = end - this.rest;
    if (bytes < 0 || bytes > this.#map.carryBytes) throw new RangeError(`cannot keep ${bytes} bytes`);
    const { landingAt } = this.#map;
    this.#module.memory.copyWithin(landingAt - bytes, landingAt + this.rest, landingAt + end);
    return bytes;
  }

  /** Lines and bytes of input in the open batch. */
  get openLines(): number {
    return this.#batches.open?.lines ?? 0;
  }
  get openInputBytes(): number {
    return this.#batches.open?.inputBytes ?? 0;
  }

  /** Batches that nothing is in. */
  get freeBatches(): number {
    return this.#batches.freeCount;
  }

  /** The open batch, closed, whose bytes stay where they are until it is released; undefined when no line is in it. */
  takeBatch(): LogBatch | undefined {
    const batch = this.#batches.take();
    if (batch === undefined) return undefined;
    this.#counts.batches++;
    this.#counts.outputBytes += batch.bytes.length;
    return batch;
  }

  /** Throws a RangeError when that batch is not taken. */
  releaseBatch(index: number): void {
    this.#batches.release(index);
  }

  statistics(): LogKernelStatistics {
    return { ...this.#counts };
  }

  #checkInput(start: number, end: number, offset: number): void {
    const fits = -this.#map.carryBytes <= start && start <= end && end <= this.landing.length;
    if (!fits || !Number.isInteger(start) || !Number.isInteger(end)) {
      throw new RangeError(
        `input from ${start} to ${end}: from ${-this.#map.carryBytes} to ${this.landing.length} is possible`,
      );
    }
    if (!Number.isSafeInteger(offset) || offset < 0) throw new RangeError(`${offset} is no offset of a file`);
  }

  /** Whether bytes of the lines that will be framed are no UTF-8. */
  #hasInvalid(from: number, to: number, isWhole: boolean): boolean {
    if (!this.#checksUtf8) return false;
    const input = this.#module.memory.subarray(from, to);
    if (isWhole) return !isUtf8(input);
    const end = input.lastIndexOf(NEWLINE) + 1;
    return !isUtf8(end === input.length ? input : input.subarray(0, end));
  }

  #count(file: LogFile, batch: OpenBatch, offset: number): void {
    const { lines, output, framedTo: to, replacedLines, cutLines, severities } = this.#module;
    if (lines === 0) return;
    this.#batches.add(batch, output, file, offset, to, lines);
    this.#counts.lines += lines;
    this.#counts.inputBytes += to - offset;
    this.#counts.replacedLines += replacedLines;
    this.#counts.cutLines += cutLines;
    this.#counts.severities += severities;
  }
}
