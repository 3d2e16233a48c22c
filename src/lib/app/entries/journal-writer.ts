import { parentPort, workerData } from 'node:worker_threads';
import { realClock } from '../../runtime/clock.ts';
import { runJournalWriter } from '../../store/journal-writer.ts';

if (!parentPort) throw new Error('journal-writer runs as a worker thread');
runJournalWriter(parentPort, (workerData as { stateDirectory: string }).stateDirectory, realClock);
