import { messageOf } from '../errors/app-error.ts';
import type { Json } from '../events/json.ts';
import type { BoundFault, FaultKind, InjectionContext } from '../faults/fault.ts';
import { formatTarget } from '../faults/targets.ts';
import type { PlannedFault } from '../scenario/plan-types.ts';
import { RunStopped } from './ending.ts';
import { stopRun, type RunContext } from './run-context.ts';
import type { SagaStep } from './saga.ts';

/** A fault of the plan with its target found and its kind's checks passed: ready to be injected. */
export interface PreparedFault {
  readonly planned: PlannedFault;
  readonly kind: FaultKind;
  readonly bound: BoundFault;
  /** Finds the target once more. Throws AppError when it is not there. */
  bindAgain(): BoundFault;
}

/** By how much a fault's own self-limit exceeds its window, so that it never cuts a healthy run's fault short. */
const SELF_LIMIT_MARGIN_MS = 10_000;
/** How often a fault in force says what it has done so far. */
const EFFECT_PERIOD_MS = 1_000;

/** Injects one fault, keeps it for its window, and takes it back; also when the run is stopped meanwhile. */
export async function runFault(prepared: PreparedFault, context: RunContext, methodStartMs: number): Promise<void> {
  const { clock, saga, stop, log } = context;
  const { planned } = prepared;
  const until = (atMs: number): Promise<void> =>
    clock.sleep(Math.max(0, methodStartMs + atMs - clock.monotonicMs()), stop.signal);
  await until(planned.startMs);
  const fault = withPresentTarget(prepared);

  const injection: InjectionContext = {
    run: context.run,
    id: planned.id,
    seed: context.seed,
    limitMs: planned.endMs - planned.startMs + SELF_LIMIT_MARGIN_MS,
  };
  const step = await planStep(fault, context, injection);
  const result = await saga.forward(step, stop.signal).catch((error: unknown) => {
    throw error instanceof RunStopped
      ? error
      : notInjected(`fault ${planned.id} was not injected: ${messageOf(error)}`);
  });
  if (!result.ok) {
    await saga.compensate(step);
    if (result.error instanceof RunStopped) throw result.error;
    throw notInjected(`fault ${planned.id} could not be injected: ${result.error.message}`);
  }
  const stopSampling = clock.every(EFFECT_PERIOD_MS, () => void sayEffect(fault, step, context, null));
  try {
    await until(planned.endMs);
  } finally {
    stopSampling();
  }
  if (!(await saga.compensate(step)))
    log.record({ type: 'note', level: 'warning', text: `fault ${planned.id} is still in force` });
}

/** Says so when a fault fails in a way that ends the whole run. */
export function stopOnFailure(work: Promise<void>, context: RunContext): Promise<void> {
  return work.catch((error: unknown) => {
    if (error instanceof RunStopped) stopRun(context, error.ending);
    else stopRun(context, { kind: 'bug', error: error instanceof Error ? error : new Error(String(error)) });
    throw error;
  });
}

/** A service of the run may have been started again since the targets were found: then its processes are others. */
function withPresentTarget(fault: PreparedFault): PreparedFault {
  const { target } = fault.planned;
  if (target.on !== 'process' || target.select.by !== 'service') return fault;
  try {
    return { ...fault, bound: fault.bindAgain() };
  } catch {
    // It is down at this moment: whether that matters is for its kind to say.
    return fault;
  }
}

interface TimedStep extends SagaStep {
  startedMs: number;
}

async function planStep(fault: PreparedFault, context: RunContext, injection: InjectionContext): Promise<TimedStep> {
  const { planned, kind, bound } = fault;
  const { host, log } = context;
  let undo: Json;
  try {
    undo = await bound.plan(host, injection);
  } catch (error) {
    throw notInjected(`fault ${planned.id} could not be planned: ${messageOf(error)}`);
  }
  const undoTimeoutMs = kind.revertLimitMs?.(undo);
  const step: TimedStep = {
    step: planned.id,
    subject: 'fault',
    kind: kind.kind,
    target: formatTarget(bound.target),
    undo,
    timeoutMs: planned.timeoutMs,
    ...(undoTimeoutMs === undefined ? {} : { undoTimeoutMs }),
    startedMs: log.sinceStartMs(),
    forward: (signal) => {
      step.startedMs = log.sinceStartMs();
      return bound.inject(undo, host, injection, signal);
    },
    compensate: async () => {
      await kind.revert(undo, host);
      await sayEffect(fault, step, context, log.sinceStartMs());
    },
  };
  return step;
}

async function sayEffect(
  { planned, bound, kind }: PreparedFault,
  step: TimedStep,
  { host, log }: RunContext,
  endedMs: number | null,
): Promise<void> {
  try {
    const effect = await bound.effect(step.undo, host);
    log.record({
      type: 'fault.effect',
      fault: planned.id,
      kind: kind.kind,
      target: step.target,
      startedMs: step.startedMs,
      endedMs,
      effect,
    });
  } catch (error) {
    log.record({
      type: 'note',
      level: 'warning',
      text: `the effect of fault ${planned.id} cannot be read: ${messageOf(error)}`,
    });
  }
}

function notInjected(reason: string): RunStopped {
  return new RunStopped({ kind: 'not-injected', reasons: [reason] });
}
