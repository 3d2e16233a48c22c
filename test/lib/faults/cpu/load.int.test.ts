import { randomBytes } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cpuFault } from '../../../../src/lib/faults/kinds/cpu.ts';
import type { FaultHost } from '../../../../src/lib/faults/targets.ts';
import { realClock } from '../../../../src/lib/runtime/clock.ts';
import { findMarked, lookupProcess, signalProcess } from '../../../../src/lib/runtime/processes.ts';
import { until } from '../../../support/until.ts';

const host: FaultHost = { clock: realClock, proxy: undefined, cgroupRoot: '/sys/fs/cgroup' };
const signal = new AbortController().signal;

async function inject(params: object, limitMs = 60_000) {
  const context = { run: `load.${randomBytes(5).toString('hex')}`, id: 'hog', seed: 1, limitMs };
  const bound = cpuFault.bind(params, { on: 'host' });
  const undo = await bound.plan(host, context);
  onTestFinished(() => cpuFault.revert(undo, host));
  await bound.inject(undo, host, context, signal);
  const workers = () => findMarked('FAULTLINE_FAULT', `${context.run}/hog`);
  return { workers, effect: () => bound.effect(undo, host), revert: () => cpuFault.revert(undo, host) };
}

interface Delivered {
  readonly percent: number;
  readonly waitPercent: number;
  readonly cpuSeconds: number;
}

describe('cpu load on this machine', () => {
  // What a busy machine does not give is not taken: then the workers wait for it. On an idle one this is 5 points either way.
  it.each([20, 50, 80])('takes %d percent of a core', async (asked) => {
    const { effect, revert } = await inject({ load: `${asked}%`, cores: 1 });
    const startMs = realClock.monotonicMs();
    await realClock.sleep(3_000);
    const elapsedSeconds = (realClock.monotonicMs() - startMs) / 1000;
    await revert();
    const { percent, waitPercent, cpuSeconds } = (await effect()).delivered as unknown as Delivered;
    expect(percent).toBeLessThanOrEqual(asked + 5);
    expect(percent + waitPercent).toBeGreaterThanOrEqual(asked - 5);
    expect(cpuSeconds / elapsedSeconds).toBeCloseTo(percent / 100, 1);
  });

  it('runs its workers in sessions of their own, at normal priority', async () => {
    const { workers } = await inject({ load: '5%', cores: 1 });
    const [worker] = workers();
    expect(worker).toMatchObject({ processGroup: worker!.pid });
    expect(lookupProcess(worker!.pid)!.processGroup).not.toBe(lookupProcess(process.pid)!.processGroup);
  });

  it('ends by itself when nobody tells it to', async () => {
    const { workers, effect } = await inject({ load: '50%', cores: 1 }, 400);
    await until('it has worked', async () => (await effect()).touched === 1);
    await until('its time is up', () => workers().length === 0);
    expect((await effect()).touched).toBe(1);
  });

  it('reports a worker that was killed by somebody with what it had done', async () => {
    const { workers, effect, revert } = await inject({ load: '50%', cores: 1 });
    await until('it has worked', async () => (await effect()).touched === 1);
    for (const worker of workers()) signalProcess(worker, 'SIGKILL');
    await revert();
    const { touched, delivered } = await effect();
    expect(touched).toBe(1);
    expect((delivered as unknown as Delivered).percent).toBeGreaterThan(0);
  });
});
