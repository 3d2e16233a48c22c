import { parentPort, workerData } from 'node:worker_threads';
import { realClock } from '../runtime/clock.ts';
import { threadShiftMs } from '../runtime/thread-time.ts';
import { Generator } from './load/generator.ts';
import { createHttpSender } from './load/http-sender.ts';
import type { GeneratorCommand, GeneratorMessage, GeneratorSetup } from './load/messages.ts';

/** The load generator's own thread: takes commands from the main one, and posts what happened. Ends when the main one ends it. */
export function runLoadGenerator(): void {
  const port = parentPort;
  if (!port) throw new Error('the load generator runs in a worker thread');
  const { spec, identity } = workerData as GeneratorSetup;
  const send = createHttpSender(spec, identity);
  const post = (message: GeneratorMessage, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);
  let generator: Generator | undefined;

  port.on('message', (command: GeneratorCommand) => {
    switch (command.do) {
      case 'start':
        generator = new Generator(
          { ...spec, startMs: command.startSharedMs - threadShiftMs(), endMs: command.endMs },
          {
            clock: realClock,
            send,
            post: (batch) => post({ type: 'batch', ...batch }, [batch.rows.buffer, batch.open.buffer]),
            done: (arrivals) => post({ type: 'done', arrivals }),
          },
        );
        break;
      case 'stop':
        generator?.stop(command.atMs, command.cutMs);
        break;
    }
  });
  post({ type: 'ready' });
}
