import { describe, expect, it } from 'vitest';
import { startProbes, type ProbeResult, type ScheduledProbe } from '../../../src/lib/probes/scheduler.ts';
import { FakeClock } from '../../../src/lib/runtime/fake-clock.ts';

/** A probe that takes as long as the list says, one entry a measurement, the last one for ever after. */
function taking(
  clock: FakeClock,
  name: string,
  everyMs: number,
  ...tookMs: number[]
): ScheduledProbe & { most: number } {
  let round = 0;
  let atOnce = 0;
  const probe = {
    name,
    everyMs,
    most: 0,
    async measure(signal: AbortSignal) {
      const duration = tookMs[Math.min(round++, tookMs.length - 1)]!;
      probe.most = Math.max(probe.most, ++atOnce);
      const startedMs = clock.monotonicMs();
      const ok = await clock.sleep(duration, signal).then(
        () => true,
        () => false,
      );
      atOnce--;
      return { ok, value: `${duration}`, tookMs: clock.monotonicMs() - startedMs };
    },
  };
  return probe;
}

function startsOf(results: readonly ProbeResult[], name: string): number[] {
  return results.filter((result) => result.name === name).map((result) => result.startedMs);
}

describe('probes on their ticks', () => {
  it('start at once and then on a fixed grid, however long each measurement takes', async () => {
    const clock = new FakeClock(5_000);
    const results: ProbeResult[] = [];
    const schedule = startProbes([taking(clock, 'fast', 100, 30, 70, 1)], clock, (result) => results.push(result));
    await clock.advance(450);
    expect(startsOf(results, 'fast')).toEqual([5_000, 5_100, 5_200, 5_300, 5_400]);
    expect(results.map((result) => result.tookMs)).toEqual([30, 70, 1, 1, 1]);
    await schedule.stop();
  });

  it('never overlap themselves: a tick that finds its predecessor under way is skipped and counted', async () => {
    const clock = new FakeClock();
    const results: ProbeResult[] = [];
    const slow = taking(clock, 'slow', 100, 250, 10);
    const schedule = startProbes([slow], clock, (result) => results.push(result));
    await clock.advance(550);
    expect(startsOf(results, 'slow')).toEqual([0, 300, 400, 500]);
    expect(results.map((result) => result.skipped)).toEqual([0, 2, 0, 0]);
    expect(slow.most).toBe(1);
    await schedule.stop();
  });

  it('skips the tick that falls due at the very moment a measurement ends', async () => {
    const clock = new FakeClock();
    const results: ProbeResult[] = [];
    const schedule = startProbes([taking(clock, 'even', 100, 100)], clock, (result) => results.push(result));
    await clock.advance(399);
    expect(startsOf(results, 'even')).toEqual([0, 200]);
    expect(results.map((result) => result.skipped)).toEqual([0, 1]);
    await schedule.stop();
  });

  it('run side by side: a slow one does not hold up another', async () => {
    const clock = new FakeClock();
    const results: ProbeResult[] = [];
    const probes = [taking(clock, 'slow', 100, 10_000), taking(clock, 'fast', 100, 5)];
    const schedule = startProbes(probes, clock, (result) => results.push(result));
    await clock.advance(350);
    expect(startsOf(results, 'fast')).toEqual([0, 100, 200, 300]);
    expect(startsOf(results, 'slow')).toEqual([]);
    await schedule.stop();
  });

  it('take no tick twice when a timer fires a moment early', async () => {
    const clock = new FakeClock();
    const early = Object.assign(Object.create(clock) as FakeClock, {
      monotonicMs: () => clock.monotonicMs(),
      after: (delayMs: number, action: () => void) => clock.after(delayMs - 0.4, action),
    });
    const results: ProbeResult[] = [];
    const instant: ScheduledProbe = {
      name: 'early',
      everyMs: 100,
      measure: async () => ({ ok: true, value: '', tookMs: 0 }),
    };
    const schedule = startProbes([instant], early, (result) => results.push(result));
    await clock.advance(350);
    expect(startsOf(results, 'early')).toHaveLength(4);
    expect(results.every((result) => result.skipped === 0)).toBe(true);
    await schedule.stop();
  });

  it('cut what is under way when they are stopped, drop its result, and leave no timer', async () => {
    const clock = new FakeClock();
    const results: ProbeResult[] = [];
    const schedule = startProbes(
      [taking(clock, 'hanging', 100, 60_000), taking(clock, 'waiting', 1_000, 1)],
      clock,
      (result) => results.push(result),
    );
    await clock.advance(50);
    await schedule.stop();
    expect(startsOf(results, 'hanging')).toEqual([]);
    expect(startsOf(results, 'waiting')).toEqual([0]);
    expect(clock.pending).toBe(0);
    await schedule.stop();
  });
});
