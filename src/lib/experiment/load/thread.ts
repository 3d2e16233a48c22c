import { Worker } from 'node:worker_threads';
import { entryFile } from '../../runtime/entry.ts';
import type { GeneratorCommand, GeneratorMessage, GeneratorSetup } from './messages.ts';

/** The generator in its thread, seen from the main one. */
export interface GeneratorThread {
  post(command: GeneratorCommand): void;
  onMessage(action: (message: GeneratorMessage) => void): unknown;
  /** Called once when the thread ends, with its error if it had one. */
  onEnd(action: (error: Error | undefined) => void): unknown;
  terminate(): Promise<unknown>;
}

export function openGeneratorThread(setup: GeneratorSetup): GeneratorThread {
  const worker = new Worker(entryFile('load-generator'), { workerData: setup, execArgv: [], name: 'load-generator' });
  let error: Error | undefined;
  worker.on('error', (thrown: unknown) => (error = thrown instanceof Error ? thrown : new Error(String(thrown))));
  return {
    post: (command) => worker.postMessage(command),
    onMessage: (action) => worker.on('message', action),
    onEnd: (action) => worker.once('exit', () => action(error)),
    terminate: () => worker.terminate(),
  };
}
