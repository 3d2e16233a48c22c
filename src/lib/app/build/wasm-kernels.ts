import type { Plugin } from 'rolldown';
import { AppError } from '../../errors/app-error.ts';
import type { KernelName } from '../../runtime/kernel.ts';

/** The file that each kernel is compiled from. */
const SOURCES: Readonly<Record<KernelName, string>> = { 'otlp-logs': 'src/lib/wire/kernels/otlp-logs/frame.ts' };

const OUTPUT = 'kernel.wasm';
/**
 * The memory comes from outside; nothing is allocated in it, so there is no collector; constant tables begin at byte 64. Warning 112 says
 * that functions with vectors as parameters cannot be called from JavaScript, and none is.
 */
const OPTIONS = [
  ...['-O3', '--converge', '--noAssert', '--runtime', 'stub', '--enable', 'simd', '--memoryBase', '64'],
  ...['--importMemory', '--initialMemory', '1', '--disableWarning', '112', '--outFile', OUTPUT],
];

/** AssemblyScript's own declarations change the global types of every file beside them, so only this much is told of its compiler. */
interface Compiler {
  main(
    argv: readonly string[],
    files: { writeFile(name: string, contents: Uint8Array): void },
  ): Promise<{ readonly error: Error | null; readonly stderr: { toString(): string } }>;
}
const COMPILER = ['assemblyscript', 'asc'].join('/');

/** Compiles the kernels: AssemblyScript → `dist/kernels/<name>.wasm`. */
export function wasmKernels(): Plugin {
  return {
    name: 'wasm-kernels',
    async generateBundle() {
      const { default: compiler } = (await import(COMPILER)) as { default: Compiler };
      for (const [name, source] of Object.entries(SOURCES)) {
        this.emitFile({ type: 'asset', fileName: `kernels/${name}.wasm`, source: await compile(compiler, source) });
      }
    },
  };
}

async function compile(compiler: Compiler, source: string): Promise<Uint8Array> {
  const written: Uint8Array[] = [];
  const { error, stderr } = await compiler.main([source, ...OPTIONS], {
    writeFile: (_name, contents) => void written.push(contents),
  });
  const [binary] = written;
  if (error === null && binary !== undefined) return binary;
  // The bundler shows the message alone.
  throw new AppError('bug', `${source} does not compile\n${stderr.toString()}`, { cause: error });
}
