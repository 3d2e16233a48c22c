import { execFileSync } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { realClock } from '../../../src/lib/runtime/clock.ts';
import { openLiveRun } from '../../../src/lib/tui/live-run.ts';
import { DURING, ended, stamp } from './support/made-up-run.ts';

it('goes on, and comes to its end, on a terminal that takes nothing', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'live-run-'));
  const path = join(directory, 'pipe');
  execFileSync('mkfifo', [path]);
  const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const fd = openSync(path, constants.O_WRONLY);
  const terminal = Object.assign(new EventEmitter(), { fd, columns: 80, rows: 24, write: () => true });
  const live = await openLiveRun({
    stdout: terminal,
    colour: false,
    env: { LANG: 'C.UTF-8', TERM: 'xterm' },
    clock: realClock,
    onBroken: () => undefined,
  });
  try {
    for (const event of stamp(...DURING)) live.onEvent(event);
    // The pipe is full from here on: the next frame waits in it.
    live.print('x'.repeat(900));
    for (let line = 0; line < 200; line++) live.print('x'.repeat(900));
    let longestGapMs = 0;
    let lastMs = performance.now();
    for (const untilMs = lastMs + 1_200; lastMs < untilMs;) {
      await realClock.sleep(10);
      const nowMs = performance.now();
      longestGapMs = Math.max(longestGapMs, nowMs - lastMs);
      lastMs = nowMs;
    }
    expect(longestGapMs).toBeLessThan(1_000);
    for (const event of stamp(ended(9_000))) live.onEvent(event);
    await live.close();
    expect(performance.now() - lastMs).toBeLessThan(5_000);
  } finally {
    // Lets the write that waits go on.
    const chunk = Buffer.alloc(1_048_576);
    for (let reads = 0; reads < 50; reads++) {
      await realClock.sleep(2);
      try {
        readSync(readEnd, chunk);
      } catch {
        break;
      }
    }
    closeSync(fd);
    closeSync(readEnd);
    rmSync(directory, { recursive: true });
  }
});
