import { describe, expect, it } from 'vitest';
import { killFault } from '../../../../src/lib/faults/kinds/kill.ts';
import type { FaultHost, Target } from '../../../../src/lib/faults/targets.ts';
import { realClock } from '../../../../src/lib/runtime/clock.ts';
import { isAlive } from '../../../../src/lib/runtime/processes.ts';
import { startIdle, startNode, until } from '../../../support/processes.ts';
import { startRestartable } from '../../../support/restartable.ts';

const processHost: FaultHost = { clock: realClock, proxy: undefined, cgroupRoot: '/' };
const never = new AbortController().signal;
let runs = 0;

async function kill(target: Target, params: object, signal = new AbortController().signal) {
  const bound = killFault.bind(params, target);
  const context = { run: `kill-${process.pid}-${++runs}`, id: 'k', seed: 1, limitMs: 1000 };
  const undo = await bound.plan(processHost, context);
  await bound.inject(undo, processHost, context, signal);
  return { effect: await bound.effect(undo, processHost), undo };
}

describe('the fault kill on processes that the scenario has not started', () => {
  it('is refused unless it is said that nothing starts them again', async () => {
    const { target } = startIdle();
    const bound = killFault.bind({}, target);
    expect(await bound.check(processHost)).toMatchObject({
      ok: false,
      remedy: expect.stringContaining('restart: false') as string,
    });
    await expect(bound.plan(processHost, { run: 'r', id: 'k', seed: 1, limitMs: 1 })).rejects.toThrow(
      'nobody could start',
    );
    expect(await killFault.bind({ restart: false }, target).check(processHost)).toEqual({ ok: true });
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
    await killFault.revert(undo, processHost);
    expect(await killFault.isInForce(undo, processHost)).toBe(false);
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

describe('the fault kill on a service that the run has started', () => {
  async function open(params: object = {}, code = '') {
    const context = { run: `kill-${process.pid}-${++runs}`, id: 'crash', seed: 1, limitMs: 10_000 };
    const service = await startRestartable(context.run, code);
    const host: FaultHost = { ...processHost, services: service.control };
    const bound = killFault.bind(params, service.target());
    const undo = await bound.plan(host, context);
    return { ...service, host, bound, undo, inject: () => bound.inject(undo, host, context, never), context };
  }

  it('measures how long it was down, and how long it took to be ready', async () => {
    const { host, bound, undo, inject, processes } = await open();
    const [before] = processes();
    await inject();
    expect(processes()).toEqual([]);
    await until('it was down for 50 ms', async () => {
      const { downMs } = (await bound.effect(undo, host)).delivered;
      return typeof downMs === 'number' && downMs > 50;
    });
    expect((await bound.effect(undo, host)).delivered).toMatchObject({ killed: 1, restarts: 0 });
    await killFault.revert(undo, host);
    expect(processes()[0]?.pid).not.toBe(before?.pid);
    const effect = await bound.effect(undo, host);
    expect(effect.requested).toEqual({ signal: 'SIGKILL', restart: true });
    expect(effect.delivered).toMatchObject({ killed: 1, restarts: 1 });
    const { downMs, readyAfterMs } = effect.delivered as { downMs: number; readyAfterMs: number };
    expect(downMs).toBeGreaterThan(50 + readyAfterMs);
  });

  it('tells the exit as expected, and that of what was started again as its own', async () => {
    const { host, undo, inject, events, processes } = await open();
    await inject();
    await killFault.revert(undo, host);
    const exits = () => events.flatMap((event) => (event.type === 'service.exited' ? [event.expected] : []));
    await until('the exit is told', () => exits().length === 1);
    for (const { pid } of processes()) process.kill(pid, 'SIGKILL');
    await until('the second exit is told', () => exits().length === 2);
    expect(exits()).toEqual([true, false]);
  });

  it('gives its start as much time as the service has to become ready', async () => {
    const { undo } = await open();
    expect(killFault.revertLimitMs?.(undo)).toBeGreaterThan(5_000);
    expect(killFault.describeUndo(undo)).toMatch(/^start service listener again/);
  });

  it('waits for what is down until the fault that keeps it so has ended, and then kills what was started again', async () => {
    const { host, undo, inject, bound, context, processes } = await open();
    await inject();
    const other = { ...context, id: 'second' };
    const second = await bound.plan(host, other);
    const injected = bound.inject(second, host, other, never);
    await killFault.revert(undo, host);
    await injected;
    expect(processes()).toEqual([]);
    expect(await killFault.isInForce(undo, host)).toBe(false);
    expect(await killFault.isInForce(second, host)).toBe(true);
    await killFault.revert(second, host);
    expect(processes()).toHaveLength(1);
  });

  it('leaves it down when a second kill finds nothing to kill and is reverted', async () => {
    const { host, inject, bound, context, processes } = await open();
    await inject();
    const other = { ...context, id: 'second' };
    const second = await bound.plan(host, other);
    await expect(bound.inject(second, host, other, never)).rejects.toThrow('no process of service listener is running');
    await killFault.revert(second, host);
    expect(processes()).toEqual([]);
  });

  it('ends with a last resort what ignores the signal before it is started again', async () => {
    const { host, undo, bound, context, processes } = await open(
      { signal: 'SIGTERM' },
      `process.on('SIGTERM', () => {})`,
    );
    const [before] = processes();
    const abort = new AbortController();
    const injected = bound.inject(undo, host, context, abort.signal);
    abort.abort(new Error('called off'));
    await expect(injected).rejects.toThrow('called off');
    await killFault.revert(undo, host);
    expect(processes()).toHaveLength(1);
    expect(processes()[0]?.pid).not.toBe(before?.pid);
  });
});
