import type { Clock } from '../../runtime/clock.ts';
import { isAlive, readTimes, type ProcessRef, type ProcessTimes } from '../../runtime/processes.ts';

const NO_TIME: ProcessTimes = { runNs: 0, waitNs: 0 };
/** Less CPU time than this is what any idle process takes now and then; it does not count as work. */
const WORK_NS = 1e6;

export interface CpuTotals {
  readonly elapsedMs: number;
  readonly runMs: number;
  readonly waitMs: number;
  /** How many of the processes did any work. */
  readonly working: number;
}

/**
 * CPU time that a set of processes took between the start of a fault and its end, from the kernel's own nanoseconds. It is read before
 * the end of the fault at the latest: processes that are gone then count with what was last seen of them.
 */
export interface CpuMeter {
  /** Counts a process from now on; one that was born during the fault, from its birth. */
  watch(ref: ProcessRef, counts: 'from now' | 'from birth'): void;
  read(): CpuTotals;
  /** The end of the fault: what is read afterwards is what was read now. */
  freeze(): void;
}

interface Watched {
  readonly ref: ProcessRef;
  readonly first: ProcessTimes;
  last: ProcessTimes;
}

export function openCpuMeter(clock: Clock): CpuMeter {
  const startMs = clock.monotonicMs();
  const watched = new Map<string, Watched>();
  let frozen: CpuTotals | undefined;

  const totals = (): CpuTotals => {
    for (const entry of watched.values()) update(entry);
    const spent = [...watched.values()].map(({ first, last }) => ({
      runNs: last.runNs - first.runNs,
      waitNs: last.waitNs - first.waitNs,
    }));
    return {
      elapsedMs: clock.monotonicMs() - startMs,
      runMs: spent.reduce((sum, { runNs }) => sum + runNs, 0) / 1e6,
      waitMs: spent.reduce((sum, { waitNs }) => sum + waitNs, 0) / 1e6,
      working: spent.filter(({ runNs }) => runNs >= WORK_NS).length,
    };
  };

  return {
    watch(ref, counts) {
      const key = `${ref.pid}@${ref.startTicks}`;
      if (frozen || watched.has(key)) return;
      const now = timesOf(ref) ?? NO_TIME;
      watched.set(key, { ref, first: counts === 'from now' ? now : NO_TIME, last: now });
    },
    read: () => frozen ?? totals(),
    freeze() {
      frozen ??= totals();
    },
  };
}

/** A thread that ended takes its time with it out of /proc, so a sum never goes back. */
function update(entry: Watched): void {
  const now = timesOf(entry.ref) ?? NO_TIME;
  entry.last = {
    runNs: Math.max(entry.last.runNs, now.runNs),
    waitNs: Math.max(entry.last.waitNs, now.waitNs),
  };
}

function timesOf(ref: ProcessRef): ProcessTimes | undefined {
  return isAlive(ref) ? readTimes(ref.pid) : undefined;
}
