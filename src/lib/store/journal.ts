import { Worker } from 'node:worker_threads';
import { AppError } from '../errors/app-error.ts';
import type { ExitName } from '../errors/exit-codes.ts';
import type { RunEvent } from '../events/run-events.ts';
import type { Clock } from '../runtime/clock.ts';
import { entryFile } from '../runtime/entry.ts';

/** Events that may wait for the disk. A healthy disk never has 100 waiting; more than this and the journal counts as stalled. */
const MAX_WAITING_EVENTS = 20_000;
/** How long the last writes may take before the journal is closed without them. */
const CLOSE_WAIT_MS = 5_000;

/** What the writer thread is told. */
export type WriterRequest =
  | { readonly do: 'append'; readonly id: number; readonly event: RunEvent; readonly durable: boolean }
  | { readonly do: 'close'; readonly id: number };

/** What it answers; every request gets one answer, appends that are not durable are answered together with their batch. */
export type WriterAnswer =
  | { readonly kind: 'open' }
  | { readonly kind: 'restored'; readonly message: string }
  | { readonly kind: 'done'; readonly ids: readonly number[] }
  | { readonly kind: 'failed'; readonly ids: readonly number[]; readonly error: WriterError };

export interface WriterError {
  readonly exitName: ExitName;
  readonly message: string;
  readonly hint: string | undefined;
}

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: AppError) => void;
}

/** Writes a run's events in a thread of its own, so that waiting for the disk never holds up the proxy or the clock. */
export interface Journal {
  /**
   * Resolves when the event is on disk. Durable events are written at once; the others within 50 ms, in the same order.
   * Rejects with AppError `invalid` when it cannot be written (full disk), and from then on for every later event.
   */
  append(event: RunEvent, options: { readonly durable: boolean }): Promise<void>;
  close(): Promise<void>;
}

/** Opens the journal in `stateDirectory` for writing. Throws AppError `invalid` when that cannot be done. */
export async function openJournal(
  stateDirectory: string,
  onRestored: (message: string) => void,
  clock: Clock,
): Promise<Journal> {
  const worker = new Worker(entryFile('journal-writer'), { workerData: { stateDirectory } });
  const waiting = new Map<number, Waiting>();
  let nextId = 1;
  let dead: AppError | undefined;

  const fail = (error: AppError): void => {
    dead ??= error;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };

  await new Promise<void>((resolve, reject) => {
    worker.on('message', (answer: WriterAnswer) => {
      switch (answer.kind) {
        case 'open':
          resolve();
          break;
        case 'restored':
          onRestored(answer.message);
          break;
        case 'done':
          for (const id of answer.ids) {
            waiting.get(id)?.resolve();
            waiting.delete(id);
          }
          break;
        case 'failed': {
          const error = new AppError(answer.error.exitName, answer.error.message, { hint: answer.error.hint });
          reject(error);
          fail(error);
          break;
        }
      }
    });
    worker.on('error', (error: Error) => {
      const failure = new AppError('invalid', `the journal's writer died: ${error.message}`, { cause: error });
      reject(failure);
      fail(failure);
    });
    worker.on('exit', () => fail(new AppError('invalid', 'the journal is closed')));
  });

  const ask = (request: WriterRequest): Promise<void> =>
    new Promise((resolve, reject) => {
      if (dead) {
        reject(dead);
        return;
      }
      if (waiting.size >= MAX_WAITING_EVENTS) {
        const stalled = new AppError('invalid', `the journal's disk is stalled: ${waiting.size} events wait for it`);
        fail(stalled);
        reject(stalled);
        return;
      }
      waiting.set(request.id, { resolve, reject });
      worker.postMessage(request);
    });

  return {
    append: (event, { durable }) => ask({ do: 'append', id: nextId++, event, durable }),
    async close() {
      const closed = ask({ do: 'close', id: nextId++ }).catch(() => undefined);
      const { promise: late, resolve: giveUp } = Promise.withResolvers<undefined>();
      const cancel = clock.after(CLOSE_WAIT_MS, () => giveUp(undefined));
      await Promise.race([closed, late]);
      cancel();
      await worker.terminate();
    },
  };
}
