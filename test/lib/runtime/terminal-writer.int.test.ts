import { execFileSync, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { openTerminalWriter, type TerminalWriter } from '../../../src/lib/runtime/terminal-writer.ts';

/** A pipe holds 64 KiB: one that nobody reads stands for a terminal that takes nothing. */
const MORE_THAN_A_PIPE_HOLDS = 200_000;

class Stream extends EventEmitter {
  readonly fd?: number;

  constructor(fd?: number) {
    super();
    if (fd !== undefined) this.fd = fd;
  }

  write(): never {
    throw Object.assign(new Error('write EIO'), { code: 'EIO' });
  }
}

let cleanUp: (() => void)[] = [];
afterEach(() => {
  for (const action of cleanUp.reverse()) action();
  cleanUp = [];
});

/** Both ends of a named pipe. */
function openPipe(): { readonly readEnd: number; readonly writeEnd: number; readonly close: (end: number) => void } {
  const directory = mkdtempSync(join(tmpdir(), 'terminal-'));
  cleanUp.push(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'pipe');
  execFileSync('mkfifo', [path]);
  const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writeEnd = openSync(path, constants.O_WRONLY);
  const open = new Set([readEnd, writeEnd]);
  const close = (end: number): void => {
    if (open.delete(end)) closeSync(end);
  };
  cleanUp.push(() => [readEnd, writeEnd].forEach(close));
  return { readEnd, writeEnd, close };
}

/** Reads what is there until `count` bytes have come. */
async function read(fd: number, count: number): Promise<string> {
  const deadline = Date.now() + 10_000;
  let text = '';
  const chunk = Buffer.alloc(65_536);
  while (text.length < count) {
    if (Date.now() > deadline) throw new Error(`only ${text.length} of ${count} bytes have come`);
    try {
      text += chunk.toString('latin1', 0, readSync(fd, chunk));
    } catch {
      await sleep(5);
    }
  }
  return text;
}

describe('writing to a terminal', () => {
  it('arrives in order and whole', async () => {
    const { readEnd, writeEnd } = openPipe();
    const writer = openTerminalWriter(new Stream(writeEnd), () => undefined);
    const pieces = Array.from({ length: 50 }, (_, at) => `${String(at).padStart(4, '0')}${'x'.repeat(5_000)}`);
    for (const piece of pieces) writer.write(piece);
    expect(await read(readEnd, 50 * 5_004)).toBe(pieces.join(''));
    await writer.drained();
    expect(writer.busy).toBe(false);
  });

  it('does not hold up the process while the terminal takes nothing', async () => {
    const { readEnd, writeEnd } = openPipe();
    const writer = openTerminalWriter(new Stream(writeEnd), () => undefined);
    writer.write('x'.repeat(MORE_THAN_A_PIPE_HOLDS));
    const startMs = performance.now();
    for (let turns = 0; turns < 10; turns++) await sleep(10);
    expect(performance.now() - startMs).toBeLessThan(2_000);
    expect(writer.busy).toBe(true);
    await read(readEnd, MORE_THAN_A_PIPE_HOLDS);
    await writer.drained();
    expect(writer.busy).toBe(false);
  });

  it('gives up a terminal for which too much waits', async () => {
    const { readEnd, writeEnd } = openPipe();
    const errors: string[] = [];
    const writer = openTerminalWriter(new Stream(writeEnd), ({ message }) => errors.push(message));
    for (let piece = 0; piece < 20; piece++) writer.write('x'.repeat(100_000));
    expect(errors).toEqual(['the terminal takes nothing any more']);
    await writer.drained();
    await read(readEnd, 65_536);
  });

  it('does not hold up the end of the process', async () => {
    const { readEnd, writeEnd } = openPipe();
    const script = `
      const { openTerminalWriter } = await import(${JSON.stringify(import.meta.resolve('../../../src/lib/runtime/terminal-writer.ts'))});
      const writer = openTerminalWriter(process.stdout, () => {});
      writer.write('x'.repeat(${MORE_THAN_A_PIPE_HOLDS}));
      setTimeout(() => process.exit(7), 100);`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', writeEnd, 'inherit'],
    });
    const [code] = (await once(child, 'exit', { signal: AbortSignal.timeout(10_000) })) as [number];
    expect(code).toBe(7);
    await read(readEnd, 65_536);
  });

  it('goes on after a gap, and says how much it was, for a reader that comes back', async () => {
    const { readEnd, writeEnd } = openPipe();
    const writer = openTerminalWriter(new Stream(writeEnd), () => expect.unreachable(), {
      atGap: (leftOut) => `<${leftOut}>`,
    });
    for (let piece = 0; piece < 20; piece++) writer.write('x'.repeat(100_000));
    expect(await read(readEnd, 1_000_004)).toBe(`${'x'.repeat(1_000_000)}<10>`);
    await writer.drained();
    writer.write('again');
    expect(await read(readEnd, 5)).toBe('again');
  });

  it('takes a single text of any size', async () => {
    const { readEnd, writeEnd } = openPipe();
    const writer = openTerminalWriter(new Stream(writeEnd), () => expect.unreachable());
    writer.write('x'.repeat(2_000_000));
    expect(await read(readEnd, 2_000_000)).toHaveLength(2_000_000);
  });

  it('says once, and never throws, that the reader is gone', async () => {
    const { readEnd, writeEnd, close } = openPipe();
    const gone = Promise.withResolvers<Error>();
    let count = 0;
    const writer = openTerminalWriter(new Stream(writeEnd), (error) => {
      count++;
      gone.resolve(error);
    });
    close(readEnd);
    writer.write('one');
    expect(await gone.promise).toMatchObject({ code: 'EPIPE' });
    writer.write('two');
    await writer.drained();
    expect(count).toBe(1);
    expect(writer.busy).toBe(false);
  });

  it('does the same on a stream that is no file', () => {
    const errors: Error[] = [];
    const stream = new Stream();
    const writer: TerminalWriter = openTerminalWriter(stream, (error) => errors.push(error));
    writer.write('one');
    stream.emit('error', new Error('again'));
    expect(errors.map(({ message }) => message)).toEqual(['write EIO']);
    writer.release();
    expect(stream.eventNames()).toEqual([]);
  });
});
