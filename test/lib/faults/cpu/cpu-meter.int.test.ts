import { describe, expect, it } from 'vitest';
import { openCpuMeter } from '../../../../src/lib/faults/cpu/cpu-meter.ts';
import { realClock } from '../../../../src/lib/runtime/clock.ts';
import { readTimes } from '../../../../src/lib/runtime/processes.ts';
import { startBusy, startIdle } from '../../../support/processes.ts';
import { until } from '../../../support/until.ts';

const hasRun = (pid: number, ms: number) => () => (readTimes(pid)?.runNs ?? 0) > ms * 1e6;

describe('openCpuMeter', () => {
  it('counts from now on, or from the birth of a process', async () => {
    const busy = startBusy();
    await until('it has run for 200 ms', hasRun(busy.pid, 200));
    const [fromNow, fromBirth] = [openCpuMeter(realClock), openCpuMeter(realClock)];
    fromNow.watch(busy.process, 'from now');
    fromBirth.watch(busy.process, 'from birth');
    expect(fromNow.read().runMs).toBeLessThan(150);
    expect(fromBirth.read().runMs).toBeGreaterThan(199);
  });

  it('counts each process once, and those that worked', async () => {
    const [busy, idle] = [startBusy(), startIdle()];
    await until('the idle one has started', hasRun(idle.pid, 5));
    const meter = openCpuMeter(realClock);
    meter.watch(busy.process, 'from now');
    meter.watch(busy.process, 'from birth');
    await until('it has run for 100 ms', () => meter.read().runMs > 100);
    const { runMs, elapsedMs, working } = meter.read();
    // One thread cannot run for longer than the time that passed; helpers of the engine add little.
    expect(runMs).toBeLessThan(elapsedMs * 1.2 + 20);
    expect(working).toBe(1);
  });

  it('keeps what was last seen of a process that is gone', async () => {
    const busy = startBusy();
    const meter = openCpuMeter(realClock);
    meter.watch(busy.process, 'from birth');
    await until('it has run for 50 ms', () => meter.read().runMs > 50);
    const before = meter.read().runMs;
    await busy.kill();
    expect(meter.read().runMs).toBeGreaterThanOrEqual(before);
  });

  it('stands still once it is frozen', async () => {
    const busy = startBusy();
    const meter = openCpuMeter(realClock);
    meter.watch(busy.process, 'from birth');
    await until('it has run for 50 ms', () => meter.read().runMs > 50);
    meter.freeze();
    const frozen = meter.read();
    await until('it has run for another 50 ms', hasRun(busy.pid, frozen.runMs + 50));
    meter.watch(startBusy().process, 'from birth');
    meter.freeze();
    expect(meter.read()).toEqual(frozen);
  });

  it('takes a later process of the same number for another', () => {
    const busy = startBusy();
    const meter = openCpuMeter(realClock);
    meter.watch({ pid: busy.pid, startTicks: busy.process.startTicks - 1 }, 'from birth');
    expect(meter.read()).toMatchObject({ runMs: 0, working: 0 });
  });
});
