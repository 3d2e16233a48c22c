import type { Clock } from '../../runtime/clock.ts';
import { readTimes, type ProcessRef } from '../../runtime/processes.ts';

/** The shortest interval that is measured over: a shorter one would be mostly noise of the scheduler. */
export const SAMPLE_MS = 100;

interface Sample {
  readonly atMs: number;
  /** By pid and start time. */
  readonly runNs: ReadonlyMap<string, number>;
}

/** CPU use of processes in percent of one core, since the meter's previous reading; the first reading takes 100 ms. */
export interface CpuMeter {
  read(processes: readonly ProcessRef[], signal: AbortSignal): Promise<number>;
}

export function createCpuMeter(
  clock: Clock,
  runNsOf: (pid: number) => number | undefined = (pid) => readTimes(pid)?.runNs,
): CpuMeter {
  let previous: Sample | undefined;
  const take = (processes: readonly ProcessRef[]): Sample => ({
    atMs: clock.monotonicMs(),
    runNs: new Map(processes.map((process) => [keyOf(process), runNsOf(process.pid) ?? 0])),
  });
  return {
    async read(processes, signal) {
      const isUsable = previous && processes.some((process) => previous?.runNs.has(keyOf(process)));
      const from = isUsable && previous ? previous : take(processes);
      const waitMs = SAMPLE_MS - (clock.monotonicMs() - from.atMs);
      if (waitMs > 0) await clock.sleep(waitMs, signal);
      const to = take(processes);
      previous = to;
      return percentOfCore(from, to);
    },
  };
}

function keyOf({ pid, startTicks }: ProcessRef): string {
  return `${pid}.${startTicks}`;
}

/** A process that was not there at the first reading counts from the next one on; an ended thread takes its time along, which is no negative use. */
function percentOfCore(from: Sample, to: Sample): number {
  let usedNs = 0;
  for (const [key, runNs] of to.runNs) usedNs += Math.max(0, runNs - (from.runNs.get(key) ?? runNs));
  const elapsedNs = (to.atMs - from.atMs) * 1e6;
  return elapsedNs > 0 ? (usedNs / elapsedNs) * 100 : 0;
}
