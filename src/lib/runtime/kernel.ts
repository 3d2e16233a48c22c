import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../errors/app-error.ts';
import { packageRoot } from './entry.ts';

/** WebAssembly modules of ours, built from `src/lib/wire/kernels/`. */
export type KernelName = 'otlp-logs';

/** A kernel's memory, which is never moved: views of it stay good. */
export interface Kernel<Exports> {
  readonly memory: Buffer;
  readonly exports: Exports;
}

/** A number that the module exports. */
export interface KernelConstant {
  readonly value: number;
}

/** The part of the WebAssembly interface that is used here; the compiler's library has it only together with a browser. */
declare const WebAssembly: {
  readonly Memory: new (descriptor: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
};

const PAGE_BYTES = 65_536;

/**
 * Loads a kernel with so many bytes of memory, whole pages of 64 KiB, which the system provides as they are first written to. The file is
 * of the build, also for code that runs from the sources. `Exports` is what the kernel's source exports.
 */
export function openKernel<Exports extends object>(name: KernelName, memoryBytes: number): Kernel<Exports> {
  const path = join(packageRoot(), 'dist', 'kernels', `${name}.wasm`);
  if (!existsSync(path))
    throw new AppError('bug', `${path} is missing`, { hint: 'in a clone, `npm run build` makes it' });
  const pages = Math.ceil(memoryBytes / PAGE_BYTES);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(path)), { env: { memory } });
  return { memory: Buffer.from(memory.buffer), exports: exports as Exports };
}
