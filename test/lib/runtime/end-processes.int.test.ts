import { describe, expect, it } from 'vitest';
import { realClock } from '../../../src/lib/runtime/clock.ts';
import { endProcesses } from '../../../src/lib/runtime/end-processes.ts';
import { FakeClock } from '../../../src/lib/runtime/fake-clock.ts';
import { isAlive } from '../../../src/lib/runtime/processes.ts';
import { startIdle, startNode, until } from '../../support/processes.ts';

const never = new AbortController().signal;

describe('endProcesses', () => {
  it('resolves with those that were sent the signal, when they are gone', async () => {
    const [one, other, dead] = [startIdle(), startIdle(), startIdle()];
    await dead.kill();
    const find = () => [one.process, other.process, dead.process];
    const sent = await endProcesses({ find, signal: 'SIGTERM', clock: realClock, abort: never });
    expect(sent.map(({ pid }) => pid)).toEqual([one.pid, other.pid]);
    expect([one, other].map(({ process }) => isAlive(process))).toEqual([false, false]);
    await until('the system says by what', () => one.child.signalCode !== null && other.child.signalCode !== null);
    expect([one.child.signalCode, other.child.signalCode]).toEqual(['SIGTERM', 'SIGTERM']);
  });

  it('never takes a process for another that has had its number', async () => {
    const idle = startIdle();
    const earlier = { ...idle.process, startTicks: idle.process.startTicks - 1 };
    expect(await endProcesses({ find: () => [earlier], signal: 'SIGKILL', clock: realClock, abort: never })).toEqual(
      [],
    );
    expect(isAlive(idle.process)).toBe(true);
  });

  it('ends what comes while the first ones end', async () => {
    const [first, second] = [startIdle(), startIdle()];
    const find = () => (isAlive(first.process) ? [first.process] : [second.process]);
    const sent = await endProcesses({ find, signal: 'SIGKILL', clock: realClock, abort: never });
    expect(sent.map(({ pid }) => pid)).toEqual([first.pid, second.pid]);
  });

  it('says which process minds the signal too little, after eight seconds', async () => {
    const stubborn = startNode(`process.on('SIGTERM', () => {}); process.send(1); setInterval(() => {}, 1e6)`, {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    await new Promise((resolve) => stubborn.child.once('message', resolve));
    const clock = new FakeClock();
    const find = () => {
      void clock.advance(1_000);
      return [stubborn.process];
    };
    await expect(endProcesses({ find, signal: 'SIGTERM', clock, abort: never })).rejects.toMatchObject({
      exitName: 'invalid',
      message: `pid ${stubborn.pid} (node): still there 8 s after SIGTERM`,
      hint: expect.stringContaining('SIGKILL') as string,
    });
  });
});
