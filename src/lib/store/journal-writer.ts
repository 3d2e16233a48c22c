import type { MessagePort } from 'node:worker_threads';
import { AppError, messageOf } from '../errors/app-error.ts';
import type { RunEvent } from '../events/run-events.ts';
import type { Cancel, Clock } from '../runtime/clock.ts';
import type { WriterAnswer, WriterRequest } from './journal.ts';
import { JournalDatabase } from './journal-database.ts';

/** How long an event that need not be durable at once may wait for others to share its write. */
const BATCH_MS = 50;

/** The body of the journal's writer thread. The first write that fails closes it: nothing may be written after a gap. */
export function runJournalWriter(port: MessagePort, stateDirectory: string, clock: Clock): void {
  const answer = (message: WriterAnswer): void => port.postMessage(message);
  let waiting: { id: number; event: RunEvent }[] = [];
  let cancelBatch: Cancel | undefined;
  let database: JournalDatabase;

  const refuse = (ids: readonly number[], error: unknown): void => {
    const { exitName, hint } = error instanceof AppError ? error : { exitName: 'bug' as const, hint: undefined };
    answer({ kind: 'failed', ids, error: { exitName, message: messageOf(error), hint } });
  };

  try {
    database = JournalDatabase.open(stateDirectory, (message) => answer({ kind: 'restored', message }));
  } catch (error) {
    refuse([], error);
    return;
  }

  const flush = (): void => {
    cancelBatch?.();
    cancelBatch = undefined;
    if (waiting.length === 0) return;
    const batch = waiting;
    waiting = [];
    const ids = batch.map(({ id }) => id);
    try {
      database.append(batch.map(({ event }) => event));
      answer({ kind: 'done', ids });
    } catch (error) {
      refuse(ids, error);
    }
  };

  port.on('message', (request: WriterRequest) => {
    switch (request.do) {
      case 'append':
        waiting.push(request);
        if (request.durable) flush();
        else cancelBatch ??= clock.after(BATCH_MS, flush);
        break;
      case 'close':
        flush();
        database.close();
        answer({ kind: 'done', ids: [request.id] });
        break;
    }
  });
  answer({ kind: 'open' });
}
