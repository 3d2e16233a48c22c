import { closeSync, constants, fstatSync, openSync, write } from 'node:fs';
import { isatty } from 'node:tty';

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

export interface TerminalWriterOptions {
  /**
   * With it a reader that takes nothing loses what comes meanwhile, and not the rest for ever: this text stands where so many writes were
   * left out. Without it such a reader counts as gone.
   */
  readonly atGap?: ((leftOut: number) => string) | undefined;
}

/**
 * Writes to a terminal without ever waiting for it. Node's own writes to a terminal block the whole process while the terminal takes
 * nothing (Ctrl-S, an ssh connection that hangs, a laptop asleep): then no timer fires, and a fault stays in force for as long. Here the
 * file says "later" instead. `onClosed` hears, once, that the terminal is gone or has stopped taking anything.
 */
export function openTerminalWriter(
  stream: TerminalStream,
  onClosed: (error: Error) => void,
  { atGap }: TerminalWriterOptions = {},
): TerminalWriter {
  let waiting: Buffer[] = [];
  const fd = stream.fd === undefined ? undefined : (openWithoutWaiting(stream.fd) ?? stream.fd);
  let ownFd = fd === stream.fd ? undefined : fd;
  let waitingBytes = 0;
  let leftOut = 0;
  let isClosed = false;
  let isWriting = false;
  let isReleased = false;
  let settled = Promise.withResolvers<undefined>();
  settled.resolve(undefined);

  const close = (error: Error): void => {
    if (isClosed) return;
    isClosed = true;
    waiting = [];
    waitingBytes = 0;
    settled.resolve(undefined);
    onClosed(error);
  };
  const wait = (text: string): void => {
    const bytes = Buffer.from(text);
    waiting.push(bytes);
    waitingBytes += bytes.length;
  };
  /** Once nothing is on its way: the number could be another file's by the time it arrives. */
  const closeOwn = (): void => {
    if (!isReleased || isWriting || waiting.length > 0 || ownFd === undefined) return;
    closeSync(ownFd);
    ownFd = undefined;
  };
  const pump = (fileDescriptor: number): void => {
    if (waiting.length === 0 && leftOut > 0 && atGap) {
      wait(atGap(leftOut));
      leftOut = 0;
    }
    if (waiting.length === 0) {
      settled.resolve(undefined);
      closeOwn();
      return;
    }
    const all = Buffer.concat(waiting);
    waiting = [all];
    isWriting = true;
    write(fileDescriptor, all, (error, writtenBytes) => {
      isWriting = false;
      if (isClosed) closeOwn();
      else if (error?.code === 'EAGAIN') {
        const retry = setTimeout(() => pump(fileDescriptor), RETRY_MS);
        if (isReleased) retry.unref();
      } else if (error) {
        close(error);
      } else {
        waitingBytes -= writtenBytes;
        if (writtenBytes === all.length) waiting.shift();
        else waiting[0] = all.subarray(writtenBytes);
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
      const isIdle = waitingBytes === 0;
      if (leftOut > 0 || (!isIdle && waitingBytes + text.length > MAX_WAITING_BYTES)) {
        if (atGap) leftOut++;
        else close(new Error('the terminal takes nothing any more'));
        return;
      }
      wait(text);
      if (!isIdle) return;
      settled = Promise.withResolvers();
      pump(fd);
    },
    drained: () => settled.promise,
    release() {
      stream.off('error', close);
      isReleased = true;
      closeOwn();
    },
  };
}

/** What may wait for a terminal that takes nothing: many screens full. */
const MAX_WAITING_BYTES = 1_048_576;
/** How long after a "later" it is tried again. */
const RETRY_MS = 10;

/**
 * The same terminal or pipe, opened once more for us alone, so that it says "later" to us and to no other program that shares it. A write that waits
 * in a thread, the way without it, holds up the end of the process (libuv ends its threads at exit). Undefined: not to be had, such as a
 * terminal of another user.
 */
function openWithoutWaiting(fileDescriptor: number): number | undefined {
  try {
    if (!isatty(fileDescriptor) && !fstatSync(fileDescriptor).isFIFO()) return undefined;
    return openSync(`/proc/self/fd/${fileDescriptor}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return undefined;
  }
}

function writeAtOnce(stream: TerminalStream, text: string, onError: (error: Error) => void): void {
  try {
    stream.write(text);
  } catch (error) {
    onError(error instanceof Error ? error : new Error(String(error)));
  }
}
