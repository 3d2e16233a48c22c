import { describe, expect, it } from 'vitest';
import { createCpuMeter } from '../../../../src/lib/probes/processes/cpu-meter.ts';
import { FakeClock } from '../../../../src/lib/runtime/fake-clock.ts';

const A = { pid: 10, startTicks: 1 };
const B = { pid: 11, startTicks: 2 };
const idle = new AbortController().signal;

/** Processes that use a steady share of a core, in percent. */
function createMachine() {
  const clock = new FakeClock();
  const share = new Map<number, number>([
    [10, 50],
    [11, 150],
  ]);
  const offsetNs = new Map<number, number>([[11, 9e12]]);
  const meter = createCpuMeter(clock, (pid) => {
    const percent = share.get(pid);
    return percent === undefined ? undefined : (offsetNs.get(pid) ?? 0) + clock.monotonicMs() * 1e6 * (percent / 100);
  });
  const read = async (...processes: (typeof A)[]): Promise<number> => {
    const reading = meter.read(processes, idle);
    await clock.advance(100);
    return reading;
  };
  return { clock, share, meter, read };
}

describe('CPU use', () => {
  it('is sampled over 100 ms the first time', async () => {
    const { clock, read } = createMachine();
    expect(await read(A)).toBeCloseTo(50, 6);
    expect(clock.monotonicMs()).toBe(100);
  });

  it('is measured since the previous reading from then on', async () => {
    const { clock, share, meter, read } = createMachine();
    await read(A);
    await clock.advance(500);
    share.set(10, 50);
    expect(await meter.read([A], idle)).toBeCloseTo(50, 6);
  });

  it('is the sum of all processes, beyond one core', async () => {
    const { read } = createMachine();
    expect(await read(A, B)).toBeCloseTo(200, 6);
  });

  it('counts a process that appears from its second reading, not its whole past at once', async () => {
    const { clock, meter, read } = createMachine();
    await read(A);
    await clock.advance(500);
    expect(await meter.read([A, B], idle)).toBeCloseTo(50, 6);
    await clock.advance(500);
    expect(await meter.read([A, B], idle)).toBeCloseTo(200, 6);
  });

  it('starts anew when none of the processes is one it knows', async () => {
    const { clock, read } = createMachine();
    await read(A);
    await clock.advance(1_000);
    expect(await read({ pid: 11, startTicks: 99 })).toBeCloseTo(150, 6);
  });

  it('is never negative when threads have ended and taken their time along', async () => {
    const { clock, share, meter, read } = createMachine();
    await read(A);
    await clock.advance(500);
    share.set(10, 1);
    expect(await meter.read([A], idle)).toBe(0);
  });

  it('can be cut', async () => {
    const { meter } = createMachine();
    const cut = new AbortController();
    const reading = meter.read([A], cut.signal);
    cut.abort(new Error('cut short'));
    await expect(reading).rejects.toThrow('cut short');
  });
});
