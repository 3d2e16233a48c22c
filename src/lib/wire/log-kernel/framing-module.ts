import { type KernelConstant, openKernel } from '../../runtime/kernel.ts';
import { STATE_BYTES, type LogFile } from './log-file.ts';

/** What frame.ts of the kernel exports. */
interface FramingExports {
  readonly FIXED_BYTES: KernelConstant;
  readonly RESULT: KernelConstant;
  readonly KEYS: KernelConstant;
  readonly KEY_BYTES: KernelConstant;
  readonly STATE: KernelConstant;
  setLimits(lineBytes: number, batchBytes: number): void;
  frame(
    ...args: [
      start: number,
      end: number,
      offset: number,
      unixMs: number,
      output: number,
      limit: number,
      options: number,
      ending: number,
    ]
  ): number;
}

/** The options and the results of a call, as layout.ts of the kernel numbers them. */
export const OPTION = { severity: 1, traceIds: 2, keepOriginal: 4, checkLines: 8 } as const;
export const ENDING = { more: 0, flush: 1, last: 2 } as const;
export const STATUS = { done: 0, full: 1, headNeeded: 2 } as const;
const REST = 0;
const OUTPUT = 1;
const LINES = 2;
const REPLACED = 3;
const CUT = 4;
const SEVERITIES = 5;
const OFFSETS_AT = 24;
/** In the order of the kernel's KEYS. */
const KEYS = ['log.truncated', 'log.record.original_length', 'log.partial', 'log.continuation', 'log.record.original'];

/** The bytes at the beginning of the memory that are the kernel's own. */
export const KERNEL_FIXED_BYTES = 8192;

/** The WebAssembly module with its memory, and the file that it works for at the moment. */
export class FramingModule {
  readonly memory: Buffer;
  readonly #exports: FramingExports;
  readonly #result: Int32Array;
  readonly #offsets: Float64Array;
  #active: LogFile | undefined;

  constructor(memoryBytes: number, maxLineBytes: number, recordsBytes: number) {
    const { memory, exports } = openKernel<FramingExports>('otlp-logs', memoryBytes);
    if (exports.FIXED_BYTES.value !== KERNEL_FIXED_BYTES) throw new Error('the kernel is of another build');
    const resultAt = exports.RESULT.value;
    this.memory = memory;
    this.#exports = exports;
    this.#result = new Int32Array(memory.buffer, resultAt, SEVERITIES + 1);
    this.#offsets = new Float64Array(memory.buffer, resultAt + OFFSETS_AT, 2);
    for (const [index, key] of KEYS.entries()) {
      const at = exports.KEYS.value + index * exports.KEY_BYTES.value;
      memory[at] = key.length;
      memory.write(key, at + 1, 'ascii');
    }
    exports.setLimits(maxLineBytes, recordsBytes);
  }

  /** Puts what is remembered of the active file back into its image, and this one's in place. */
  activate(file: LogFile): void {
    if (this.#active === file) return;
    const stateAt = this.#exports.STATE.value;
    if (this.#active !== undefined) this.memory.copy(this.#active.image, 0, stateAt, stateAt + STATE_BYTES);
    file.image.copy(this.memory, stateAt);
    this.#active = file;
  }

  deactivate(file: LogFile): void {
    if (this.#active === file) this.#active = undefined;
  }

  /** `frame` of the kernel, for the active file; what it came to is in the properties below. */
  frame(...args: Parameters<FramingExports['frame']>): number {
    return this.#exports.frame(...args);
  }

  get rest(): number {
    return this.#result[REST] ?? 0;
  }
  get output(): number {
    return this.#result[OUTPUT] ?? 0;
  }
  get lines(): number {
    return this.#result[LINES] ?? 0;
  }
  get replacedLines(): number {
    return this.#result[REPLACED] ?? 0;
  }
  get cutLines(): number {
    return this.#result[CUT] ?? 0;
  }
  get severities(): number {
    return this.#result[SEVERITIES] ?? 0;
  }
  get nextOffset(): number {
    return this.#offsets[0] ?? 0;
  }
  /** The offset after the last line that was framed. */
  get framedTo(): number {
    return this.#offsets[1] ?? 0;
  }
}
