/** Memory pages, which files are read to fastest. */
const PAGE_BYTES = 4096;
/** The template of a file and the marks of a record, with lengths. */
const RECORD_OVERHEAD_BYTES = 5120;
/** Every byte of a line may be replaced by three. */
const REPLACEMENT_FACTOR = 3;
/** The kernel reads and stores up to this many bytes beyond an end. */
const BEYOND_BYTES = PAGE_BYTES;
/** More batches than this wait for nothing but memory; a WebAssembly memory is 4 GiB at most. */
const MAX_BATCHES = 64;
const MAX_BATCH_BYTES = 32 * 1024 * 1024;
const MAX_LANDING_BYTES = 16 * 1024 * 1024;

export interface Sizes {
  readonly batches: number;
  readonly batchBytes: number;
  readonly maxLineBytes: number;
  readonly landingBytes: number;
}

/** Where what lies in the kernel's memory, in bytes from its beginning. */
export interface MemoryMap {
  readonly landingAt: number;
  /** Room before the landing place for the beginning of a line. */
  readonly carryBytes: number;
  /** Where the records of each batch begin, and where they have to end. */
  readonly batches: readonly { readonly recordsAt: number; readonly limit: number }[];
  readonly totalBytes: number;
}

/**
 * Lays out the memory, or throws a RangeError when something would not fit.
 *
 *     fixed places │ carry │ landing │ … │ prefix records… │ … │ prefix records… │ …
 *                          └ page-aligned  └ page-aligned
 */
export function mapMemory(sizes: Sizes, fixedBytes: number, prefixBytes: number): MemoryMap {
  checkSizes(sizes, prefixBytes);
  const { batches, batchBytes, maxLineBytes, landingBytes } = sizes;
  // A line of the greatest length, a carriage return, and room to go on.
  const carryBytes = wholePages(maxLineBytes + 2);
  const landingAt = wholePages(fixedBytes) + carryBytes;
  const firstBatchAt = landingAt + wholePages(landingBytes + BEYOND_BYTES);
  const strideBytes = wholePages(batchBytes + BEYOND_BYTES);
  return {
    landingAt,
    carryBytes,
    batches: Array.from({ length: batches }, (_, index) => {
      const at = firstBatchAt + index * strideBytes;
      return { recordsAt: at + prefixBytes, limit: at + batchBytes };
    }),
    totalBytes: firstBatchAt + batches * strideBytes,
  };
}

function checkSizes({ batches, batchBytes, maxLineBytes, landingBytes }: Sizes, prefixBytes: number): void {
  checkRange('batches', batches, 1, MAX_BATCHES);
  checkRange('maxLineBytes', maxLineBytes, 1, MAX_BATCH_BYTES);
  const leastBytes = maxLineBytes * REPLACEMENT_FACTOR + prefixBytes + RECORD_OVERHEAD_BYTES;
  checkRange('batchBytes', batchBytes, leastBytes, MAX_BATCH_BYTES);
  // A cut line is framed from one input.
  checkRange('landingBytes', landingBytes, Math.max(PAGE_BYTES, maxLineBytes), MAX_LANDING_BYTES);
}

function checkRange(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new RangeError(`${name} is ${value}: a whole number from ${least} to ${most} is possible here`);
}

function wholePages(bytes: number): number {
  return Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES;
}
