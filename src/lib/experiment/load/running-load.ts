import type { LoadSummary, Phase } from '../../events/run-events.ts';
import type { Cancel, Clock } from '../../runtime/clock.ts';
import { threadShiftMs } from '../../runtime/thread-time.ts';
import type { LoadSpec } from '../../scenario/scenario.ts';
import { LoadCollector, type LoadPhase } from './collector.ts';
import type { GeneratorMessage } from './messages.ts';
import { countBefore, scheduledMs } from './schedule.ts';
import type { GeneratorThread } from './thread.ts';

export interface LoadOptions {
  readonly run: string;
  readonly seed: number;
  readonly clock: Clock;
  /** The run's start on the clock's monotonic time; what `phaseAt` is asked counts from it. By default the load's own start. */
  readonly runStartMs?: number | undefined;
  /** Which phase a moment of the run belongs to. Asked for the scheduled moment of each request, up to its timeout later. */
  phaseAt(sinceStartMs: number): Phase;
  /** How long arrivals are made; by default until stopped. */
  readonly forMs?: number | undefined;
  /** Called every second with the requests that ended in it, for displays; phases, by contrast, go by the scheduled moment. */
  onSecond?(phase: Phase, summary: LoadSummary): void;
  /** Called when the generator itself was late by more than 20 ms (p99 of a second): the machine is overloaded, and figures suffer. */
  onLag?(lagMs: number): void;
  /** Called when the generator died: no more arrivals are made, and those whose end is not known count as the error `lost`. */
  onFailure?(error: Error): void;
}

export interface LoadTotals {
  /** `ok` and `failed` together. */
  readonly sent: number;
  readonly ok: number;
  readonly failed: number;
  readonly phases: readonly LoadPhase[];
}

/** From starting the load until arrival 0: longer than a message to the thread takes, so that the first arrivals are not late. */
const LEAD_MS = 5;
/** A generator that is later than this distorts what it measures. */
const LATE_MS = 20;
/** The longest window that `recent` looks at. */
const LONGEST_WINDOW_MS = 60_000;
const SECOND_MS = 1_000;
/** How much longer than its requests the generator may take to stop, before it is given up. */
const STOP_SLACK_MS = 1_000;

/** A load under way, seen from the main thread. Times without a name are ms from arrival 0. */
export class RunningLoad {
  /** The moment of arrival 0, on the clock's monotonic time. */
  readonly startedMs: number;
  readonly #spec: LoadSpec;
  readonly #options: LoadOptions;
  readonly #thread: GeneratorThread;
  readonly #collector: LoadCollector;
  readonly #over = Promise.withResolvers<undefined>();
  #isOver = false;
  /** No arrival is made from here on. */
  #endMs: number;
  #totals: Promise<LoadTotals> | undefined;
  #cancelSeconds: Cancel;
  #cancelGivingUp: Cancel = () => undefined;

  constructor(spec: LoadSpec, options: LoadOptions, thread: GeneratorThread) {
    const { clock, runStartMs, forMs } = options;
    this.startedMs = clock.monotonicMs() + LEAD_MS;
    const runShiftMs = this.startedMs - (runStartMs ?? this.startedMs);
    this.#spec = spec;
    this.#options = options;
    this.#thread = thread;
    this.#endMs = forMs ?? Number.POSITIVE_INFINITY;
    this.#collector = new LoadCollector({
      ratePerSecond: spec.ratePerSecond,
      phaseAt: (sinceLoadStartMs) => options.phaseAt(sinceLoadStartMs + runShiftMs),
      longestWindowMs: LONGEST_WINDOW_MS,
    });
    this.#cancelSeconds = clock.every(SECOND_MS, () =>
      options.onSecond?.(options.phaseAt(this.#nowMs() + runShiftMs), this.recent(SECOND_MS)),
    );
    thread.onMessage((message) => this.#receive(message));
    thread.onEnd((error) => this.#fail(error ?? new Error('the load generator ended by itself')));
    thread.post({ do: 'start', startSharedMs: this.startedMs + threadShiftMs(), endMs: forMs });
  }

  /** Requests that ended in the last `windowMs` (at most a minute); one that has been open for longer than nearly all of them counts with its age. */
  recent(windowMs: number): LoadSummary {
    return this.#collector.recent(this.#nowMs(), windowMs);
  }

  /** The phases so far, in the order they came. */
  phases(): readonly LoadPhase[] {
    return this.#collector.phases();
  }

  /**
   * Makes no more arrivals; resolves when those made have ended, `withinMs` from now at the latest (by default their timeout), those that are
   * then still open counting as the error `cut`. A second call can only make it shorter.
   */
  stop(withinMs = this.#spec.timeoutMs): Promise<LoadTotals> {
    const nowMs = this.#nowMs();
    this.#endMs = Math.min(this.#endMs, nowMs);
    if (!this.#isOver) {
      this.#thread.post({ do: 'stop', atMs: this.#endMs, cutMs: nowMs + withinMs });
      this.#cancelGivingUp();
      this.#cancelGivingUp = this.#options.clock.after(withinMs + STOP_SLACK_MS, () =>
        this.#fail(new Error('the load generator does not answer')),
      );
    }
    this.#totals ??= this.#conclude();
    return this.#totals;
  }

  async #conclude(): Promise<LoadTotals> {
    await this.#over.promise;
    await this.#thread.terminate();
    const phases = this.phases();
    const sum = (count: (summary: LoadSummary) => number): number =>
      phases.reduce((total, { summary }) => total + count(summary), 0);
    const sent = sum((summary) => summary.sent);
    const ok = sum((summary) => summary.ok);
    return { sent, ok, failed: sent - ok, phases };
  }

  #receive(message: GeneratorMessage): void {
    if (this.#isOver || message.type === 'ready') return;
    if (message.type === 'done') {
      this.#end();
      return;
    }
    this.#collector.add(message);
    if (message.lagMs !== undefined && message.lagMs > LATE_MS) this.#options.onLag?.(message.lagMs);
  }

  /** The generator is gone: the latest arrivals are taken for those whose end it did not tell. */
  #fail(error: Error): void {
    if (this.#isOver) return;
    const nowMs = this.#nowMs();
    const made = countBefore(Math.min(nowMs, this.#endMs), this.#spec.ratePerSecond);
    const lost = Math.max(0, made - this.#collector.received);
    const scheduled = Array.from({ length: lost }, (_, i) => scheduledMs(made - lost + i, this.#spec.ratePerSecond));
    this.#collector.addLost(scheduled, nowMs);
    this.#end();
    this.#options.onFailure?.(error);
  }

  #end(): void {
    this.#isOver = true;
    this.#cancelSeconds();
    this.#cancelGivingUp();
    this.#over.resolve(undefined);
  }

  #nowMs(): number {
    return this.#options.clock.monotonicMs() - this.startedMs;
  }
}
