import { z } from 'zod';
import { AppError, messageOf } from '../../errors/app-error.ts';
import type { Effect } from '../../events/run-events.ts';
import { forkHelper, type Helper } from '../../runtime/child.ts';
import { usableCores } from '../../runtime/machine.ts';
import { FAULT_MARK, formatFaultMark } from '../../runtime/marks.ts';
import { findMarked, protectedPids, signalProcess, type ProcessInfo } from '../../runtime/processes.ts';
import type { Check, InjectionContext } from '../fault.ts';
import type { FaultHost } from '../targets.ts';
import { openCpuMeter, type CpuMeter } from './cpu-meter.ts';
import { digestDecisions, lookupMeasurement, rememberMeasurement, round } from '../measured.ts';
import type { LoadParams } from './params.ts';

// Load on the host: one worker process for each core, each steering itself to its share of one core (duty-cycle.ts).

/** A worker costs about 10 MB; a machine with more cores than this is loaded on this many. */
const LIMIT_WORKERS = 256;
/** SIGKILL takes effect within milliseconds; a worker that outlives this hangs in the kernel. */
const LIMIT_KILL_MS = 2_000;
const KILL_POLL_MS = 2;

export const loadUndoSchema = z.strictObject({
  mode: z.literal('load'),
  mark: z.string(),
  workers: z.int().min(1).max(LIMIT_WORKERS),
});
export type LoadUndo = z.infer<typeof loadUndoSchema>;

export function checkLoad(params: LoadParams): Check {
  const available = usableCores();
  if (params.cores === 'all' || params.cores <= Math.min(available, LIMIT_WORKERS)) return { ok: true };
  return {
    ok: false,
    why: `cpu load on ${params.cores} cores: this process may use ${available}`,
    remedy: `ask for \`cores: ${Math.min(available, LIMIT_WORKERS)}\` or \`cores: all\``,
  };
}

export function planLoad(params: LoadParams, context: InjectionContext): LoadUndo {
  const workers = params.cores === 'all' ? Math.min(usableCores(), LIMIT_WORKERS) : params.cores;
  return { mode: 'load', mark: formatFaultMark(context.run, context.id), workers };
}

export async function injectLoad(
  params: LoadParams,
  undo: LoadUndo,
  host: FaultHost,
  limitMs: number,
  signal: AbortSignal,
): Promise<void> {
  const workers: Helper[] = [];
  try {
    for (let i = 0; i < undo.workers; i++) {
      signal.throwIfAborted();
      workers.push(
        forkHelper('cpu-worker', {
          args: [String(params.percent), String(Math.ceil(limitMs))],
          env: { [FAULT_MARK]: undo.mark },
        }),
      );
    }
    await unlessAborted(Promise.all(workers.map((worker) => worker.ready)), signal);
  } catch (error) {
    for (const worker of workers) signalProcess(worker.ref, 'SIGKILL');
    if (signal.aborted) throw error;
    throw new AppError('invalid', `cannot load the CPU: ${messageOf(error)}`, { cause: error });
  }
  const meter = openCpuMeter(host.clock);
  for (const worker of workers) meter.watch(worker.ref, 'from now');
  rememberMeasurement(undo.mark, {
    effect: () => loadEffect(params, undo, meter),
    freeze: () => meter.freeze(),
  });
}

/** Kills every worker that carries the mark, whoever started it, and returns when none is left. */
export async function revertLoad(undo: LoadUndo, host: FaultHost): Promise<void> {
  lookupMeasurement(undo.mark)?.freeze();
  const deadlineMs = host.clock.monotonicMs() + LIMIT_KILL_MS;
  for (;;) {
    const left = findWorkers(undo.mark);
    if (left.length === 0) return;
    for (const worker of left) signalProcess(worker, 'SIGKILL');
    if (host.clock.monotonicMs() > deadlineMs) {
      const pids = left.map(({ pid }) => pid).join(', ');
      throw new Error(`CPU workers of ${undo.mark} do not end: pid ${pids}`);
    }
    await host.clock.sleep(KILL_POLL_MS);
  }
}

export function isLoadInForce(undo: LoadUndo): boolean {
  return findWorkers(undo.mark).length > 0;
}

export function describeLoadUndo(undo: LoadUndo): string {
  const workers = undo.workers === 1 ? '1 worker process' : `${undo.workers} worker processes`;
  return `end ${workers} marked ${FAULT_MARK}=${undo.mark}`;
}

function loadEffect(params: LoadParams, undo: LoadUndo, meter: CpuMeter): Effect {
  const totals = meter.read();
  const decisions = Array.from({ length: undo.workers }, (_, index) => [`worker ${index}`, true] as const);
  const ofCores = (ms: number): number =>
    totals.elapsedMs > 0 ? round((100 * ms) / totals.elapsedMs / undo.workers) : 0;
  return {
    touched: totals.working,
    requested: { percent: params.percent, cores: undo.workers },
    // Where less was taken than asked, the waiting says that the machine had no more to give.
    delivered: {
      percent: ofCores(totals.runMs),
      waitPercent: ofCores(totals.waitMs),
      cpuSeconds: round(totals.runMs / 1000),
    },
    decisions: { seen: undo.workers, hit: undo.workers, digest: digestDecisions('cpu', decisions) },
    note: totals.working > 0 ? undefined : 'the workers got no CPU time',
  };
}

function findWorkers(mark: string): ProcessInfo[] {
  const spared = protectedPids();
  return findMarked(FAULT_MARK, mark).filter(({ pid }) => !spared.has(pid));
}

async function unlessAborted(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  let stop: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
    // Whatever still starts is killed by the caller; its rejection is expected.
    work.catch(() => undefined);
  }
}
