import { describe, expect, it } from 'vitest';
import { killFault } from '../../../../src/lib/faults/kinds/kill.ts';
import type { FaultHost, Target } from '../../../../src/lib/faults/targets.ts';
import { realClock } from '../../../../src/lib/runtime/clock.ts';
import { isAlive } from '../../../../src/lib/runtime/processes.ts';
import { startIdle, startNode, until } from '../../../support/processes.ts';

const host: FaultHost = { clock: realClock, proxy: undefined, cgroupRoot: '/' };
let runs = 0;

async function kill(target: Target, params: object, signal = new AbortController().signal) {
  const bound = killFault.bind(params, target);
  const context = { run: `kill-${process.pid}-${++runs}`, id: 'k', seed: 1, limitMs: 1000 };
  const undo = await bound.plan(host, context);
  await bound.inject(undo, host, context, signal);
  return { effect: await bound.effect(undo, host), undo };
}

describe('the fault kill on processes that the scenario has not started', () => {
  it('is refused unless it is said that nothing starts them again', async () => {
    const { target } = startIdle();
    const bound = killFault.bind({}, target);
    expect(await bound.check(host)).toMatchObject({
      ok: false,
      remedy: expect.stringContaining('restart: false') as string,
    });
    await expect(bound.plan(host, { run: 'r', id: 'k', seed: 1, limitMs: 1 })).rejects.toThrow('nobody could start');
    expect(await killFault.bind({ restart: false }, target).check(host)).toEqual({ ok: true });
  });

  it('ends them, says so, and has nothing to take back', async () => {
    const { target, process: ref } = startIdle();
    const { effect, undo } = await kill(target, { restart: false });
    expect(isAlive(ref)).toBe(false);
    expect(effect).toMatchObject({
      touched: 1,
      requested: { signal: 'SIGKILL', restart: false },
      delivered: { killed: 1 },
    });
    expect(killFault.describeUndo(undo)).toContain('nothing');
    await killFault.revert(undo, host);
    expect(await killFault.isInForce(undo, host)).toBe(false);
  });

  it('touches nothing where the process is gone, and another has its number', async () => {
    const { target, process: ref } = startIdle();
    const other: Target = {
      on: 'process',
      label: 'x',
      processes: target.on === 'process' ? target.processes.map((one) => ({ ...one, startTicks: 1 })) : [],
    };
    const { effect } = await kill(other, { restart: false });
    expect(effect).toMatchObject({ touched: 0, note: 'no process of it was running' });
    expect(isAlive(ref)).toBe(true);
  });

  it('stops waiting when it is called off: a process may ignore all but SIGKILL', async () => {
    const stubborn = startNode("process.on('SIGTERM', () => {}); setInterval(() => {}, 1e6); console.log('up')", {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let isUp = false;
    stubborn.child.stdout?.once('data', () => (isUp = true));
    await until('it to ignore signals', () => isUp);
    const stop = new AbortController();
    const killed = kill(stubborn.target, { restart: false, signal: 'SIGTERM' }, stop.signal);
    stop.abort(new Error('called off'));
    await expect(killed).rejects.toThrow('called off');
    expect(isAlive(stubborn.process)).toBe(true);
  });
});
