import { messageOf } from '../errors/app-error.ts';
import type { Json } from '../events/json.ts';
import type { Actor, StepRef } from '../events/run-events.ts';
import type { Clock } from '../runtime/clock.ts';
import { backoffMs, isFinal, type RetryPolicy } from './retry.ts';
import type { RunLog } from './run-log.ts';

/** A step of the saga: an action, and the way to take it back that is known before the action runs. */
export interface SagaStep extends StepRef {
  readonly kind: string;
  readonly target: string;
  readonly undo: Json;
  readonly timeoutMs: number;
  /** How long one attempt to take it back may last; by default UNDO_TIMEOUT_MS. */
  readonly undoTimeoutMs?: number;
  /** The action. When the signal is aborted it must stop at once; whether it then took effect is unknown, and it is taken back. */
  forward(signal: AbortSignal): Promise<void>;
  /** Takes the action back; harmless when it never ran, and when it is taken back already. */
  compensate(): Promise<void>;
}

export type ForwardResult =
  { readonly ok: true } | { readonly ok: false; readonly error: Error; readonly timedOut: boolean };

interface OpenStep {
  readonly step: SagaStep;
  /** Order of completion; undefined while the action is under way or when its result is unknown. */
  completed: number | undefined;
  compensation: Promise<boolean> | undefined;
  /** Resolves when the action has come to an end of its own, however; undefined before it began. */
  settled: Promise<void> | undefined;
  isSettled: boolean;
}

/** How long an action that was cut may take to come to its end before its step counts as taken back. */
const LATE_ACTION_MS = 2_000;

/** How long one attempt of an undo may take before it counts as failed. */
const UNDO_TIMEOUT_MS = 15_000;

/**
 * Runs steps so that none outlives the run: the undo is on disk before the action starts, an action that failed or timed out counts as
 * "unknown" and is taken back like one that worked, and what cannot be taken back is reported without stopping the others.
 *
 *   plan ─▶ journal the undo (fsync) ─▶ act ─▶ journal the result ─▶ … ─▶ undo ─▶ journal
 */
export class Saga {
  readonly #open = new Map<string, OpenStep>();
  readonly #log: RunLog;
  readonly #clock: Clock;
  readonly #retry: RetryPolicy;
  #completions = 0;
  readonly #stuck = new Map<string, string>();

  constructor(log: RunLog, clock: Clock, retry: RetryPolicy) {
    this.#log = log;
    this.#clock = clock;
    this.#retry = retry;
  }

  /** What could not be taken back, and why; one sentence each. */
  get stuck(): readonly string[] {
    return [...this.#stuck.values()];
  }

  /**
   * Journals the intent, then acts. Rejects only when the intent could not be journaled: then nothing was done.
   * A failed action stays open; the caller compensates it, alone or with all others.
   */
  async forward(step: SagaStep, signal: AbortSignal): Promise<ForwardResult> {
    signal.throwIfAborted();
    const { subject, kind, target, undo } = step;
    const open: OpenStep = { step, completed: undefined, compensation: undefined, settled: undefined, isSettled: true };
    this.#open.set(keyOf(step), open);
    try {
      const durable = this.#log.recordDurably({ type: 'step.planned', step: step.step, subject, kind, target, undo });
      await untilAborted(durable, signal);
    } catch (error) {
      // Stopped while the disk took its time: the intent may be on disk or not, and nothing was done.
      if (signal.aborted) return { ok: false, error: errorOf(error), timedOut: false };
      this.#open.delete(keyOf(step));
      throw error;
    }
    const startMs = this.#clock.monotonicMs();
    const attempt = await this.#attempt((inner) => watched(open, step.forward(inner)), step.timeoutMs, signal);
    if (!attempt.ok) {
      this.#log.record({
        type: 'step.failed',
        step: step.step,
        subject,
        error: attempt.error.message,
        timedOut: attempt.timedOut,
      });
      return attempt;
    }
    open.completed = ++this.#completions;
    this.#log.record({ type: 'step.done', step: step.step, subject, tookMs: this.#clock.monotonicMs() - startMs });
    return attempt;
  }

  /** Takes one step back, with retries; true when it is gone. A second call waits for the first. */
  compensate(step: StepRef, by: Actor = 'runner'): Promise<boolean> {
    const open = this.#open.get(keyOf(step));
    if (!open) return Promise.resolve(true);
    open.compensation ??= this.#compensate(open, by).then((isGone) => {
      // What could not be taken back now is tried again when the run ends.
      if (!isGone) open.compensation = undefined;
      return isGone;
    });
    return open.compensation;
  }

  /** Takes back everything of `subject` that is open, the last completed first; true when all is gone. */
  async compensateAll(subject: StepRef['subject'], order: 'reverse' | 'together'): Promise<boolean> {
    const steps = [...this.#open.values()]
      .filter(({ step }) => step.subject === subject)
      .sort((a, b) => (b.completed ?? Number.MAX_SAFE_INTEGER) - (a.completed ?? Number.MAX_SAFE_INTEGER));
    if (order === 'together') return (await Promise.all(steps.map(({ step }) => this.compensate(step)))).every(Boolean);
    let allGone = true;
    for (const { step } of steps) allGone = (await this.compensate(step)) && allGone;
    return allGone;
  }

  /**
   * Takes a step back. An action that was cut (by its timeout, or by the end of the run) may still be under way and take effect after that:
   * then it is taken back once more when it has come to its end, and again should that be later still.
   */
  async #compensate(open: OpenStep, by: Actor): Promise<boolean> {
    const wasUnderWay = !open.isSettled;
    if (!(await this.#takeBack(open, by))) return false;
    if (!wasUnderWay) return true;
    await Promise.race([open.settled, this.#clock.sleep(LATE_ACTION_MS)]);
    if (!open.isSettled) void open.settled?.then(() => this.#takeBack(open, by));
    return this.#takeBack(open, by);
  }

  async #takeBack({ step }: OpenStep, by: Actor): Promise<boolean> {
    const startMs = this.#clock.monotonicMs();
    const ref = { step: step.step, subject: step.subject };
    for (let attempts = 1; ; attempts++) {
      const attempt = await this.#attempt(() => step.compensate(), step.undoTimeoutMs ?? UNDO_TIMEOUT_MS);
      if (attempt.ok) {
        this.#open.delete(keyOf(step));
        const tookMs = this.#clock.monotonicMs() - startMs;
        this.#stuck.delete(keyOf(step));
        // Not waited for: a slow disk must not keep the next undo waiting, and an undo that is not written down is merely done again.
        void this.#log.recordDurably({ type: 'undo.done', ...ref, by, attempts, tookMs }).catch(() => undefined);
        return true;
      }
      const final = isFinal(this.#retry, attempts, this.#clock.monotonicMs() - startMs);
      this.#log.record({ type: 'undo.failed', ...ref, by, attempts, error: attempt.error.message, final });
      if (final) {
        this.#stuck.set(
          keyOf(step),
          `${step.step} (${step.kind} on ${step.target}) could not be reverted: ${attempt.error.message}`,
        );
        return false;
      }
      await this.#clock.sleep(backoffMs(this.#retry, attempts));
    }
  }

  async #attempt(
    action: (signal: AbortSignal) => Promise<void>,
    timeoutMs: number,
    outer?: AbortSignal,
  ): Promise<ForwardResult> {
    const timeout = new AbortController();
    const cancel = this.#clock.after(timeoutMs, () => timeout.abort(new Error(`timed out after ${timeoutMs} ms`)));
    const signal = outer ? AbortSignal.any([timeout.signal, outer]) : timeout.signal;
    try {
      signal.throwIfAborted();
      await untilAborted(action(signal), signal);
      return { ok: true };
    } catch (error) {
      return { ok: false, error: errorOf(error), timedOut: timeout.signal.aborted };
    } finally {
      cancel();
    }
  }
}

/** Keeps account of whether an action is still under way. */
async function watched(open: OpenStep, action: Promise<void>): Promise<void> {
  open.isSettled = false;
  open.settled = action.then(
    () => void (open.isSettled = true),
    () => void (open.isSettled = true),
  );
  await action;
}

/** The promise's outcome, or the signal's reason as soon as it is aborted: an action that ignores its signal holds nobody up. */
function untilAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

function keyOf(step: StepRef): string {
  return `${step.subject} ${step.step}`;
}

function errorOf(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(messageOf(thrown));
}
