import { write } from 'node:fs';

/** What of a terminal's stream is used: `process.stdout`, or a double of it. */
export interface TerminalStream {
  /** Absent: not a file of this process. */
  readonly fd?: number;
  write(text: string): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  off(event: 'error', listener: (error: Error) => void): unknown;
}

export interface TerminalWriter {
  /** Whether something is still on its way. */
  readonly busy: boolean;
  write(text: string): void;
  /** Resolves when all is written, or when nobody takes it any more. */
  drained(): Promise<unknown>;
  /** Forgets the stream; what is on its way may still arrive. */
  release(): void;
}

/**
 * Writes to a terminal without ever waiting for it. Node's own writes to a terminal block the whole process while the terminal takes
 * nothing (Ctrl-S, an ssh connection that hangs, a laptop asleep): then no timer fires, and a fault stays in force for as long. Here the
 * write waits in a thread of its own. `onClosed` hears, once, that the terminal is gone or has stopped taking anything.
 */
export function openTerminalWriter(stream: TerminalStream, onClosed: (error: Error) => void): TerminalWriter {
  const waiting: Buffer[] = [];
  const { fd } = stream;
  let waitingBytes = 0;
  let isClosed = false;
  let settled = Promise.withResolvers<undefined>();
  settled.resolve(undefined);

  const close = (error: Error): void => {
    if (isClosed) return;
    isClosed = true;
    waiting.length = 0;
    waitingBytes = 0;
    settled.resolve(undefined);
    onClosed(error);
  };
  const pump = (fileDescriptor: number): void => {
    const [next] = waiting;
    if (!next) {
      settled.resolve(undefined);
      return;
    }
    write(fileDescriptor, next, (error, writtenBytes) => {
      if (isClosed) return;
      if (error?.code === 'EAGAIN') {
        setTimeout(() => pump(fileDescriptor), RETRY_MS);
      } else if (error) {
        close(error);
      } else {
        waitingBytes -= writtenBytes;
        if (writtenBytes === next.length) waiting.shift();
        else waiting[0] = next.subarray(writtenBytes);
        pump(fileDescriptor);
      }
    });
  };
  stream.on('error', close);

  return {
    get busy() {
      return waitingBytes > 0;
    },
    write(text) {
      if (isClosed || text === '') return;
      if (fd === undefined) {
        writeAtOnce(stream, text, close);
        return;
      }
      const bytes = Buffer.from(text);
      if (waitingBytes + bytes.length > MAX_WAITING_BYTES) {
        close(new Error('the terminal takes nothing any more'));
        return;
      }
      const isIdle = waitingBytes === 0;
      waiting.push(bytes);
      waitingBytes += bytes.length;
      if (!isIdle) return;
      settled = Promise.withResolvers();
      pump(fd);
    },
    drained: () => settled.promise,
    release: () => void stream.off('error', close),
  };
}

/** What may wait for a terminal that takes nothing: many screens full. */
const MAX_WAITING_BYTES = 1_048_576;
/** A terminal that another program has set to non-blocking says "later" instead of waiting. */
const RETRY_MS = 10;

function writeAtOnce(stream: TerminalStream, text: string, onError: (error: Error) => void): void {
  try {
    stream.write(text);
  } catch (error) {
    onError(error instanceof Error ? error : new Error(String(error)));
  }
}
