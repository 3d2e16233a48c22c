import type { LoadSummary, Phase } from '../../events/run-events.ts';
import { readRows } from './batch.ts';
import { LatencyHistogram } from './histogram.ts';
import type { Batch } from './messages.ts';
import { RecentWindow } from './recent-window.ts';
import { OutcomeTally } from './tally.ts';

/** The requests of one phase: those scheduled while it lasted. */
export interface LoadPhase {
  readonly phase: Phase;
  /** How long arrivals were made in it. */
  readonly seconds: number;
  readonly summary: LoadSummary;
  /** HdrHistogram V2, deflated, base64; values in microseconds. */
  readonly histogram: string;
}

export interface CollectorPlan {
  readonly ratePerSecond: number;
  /** The phase of a moment of the load. */
  phaseAt(sinceLoadStartMs: number): Phase;
  /** The longest window that will be asked for. */
  readonly longestWindowMs: number;
}

interface PhaseTally {
  readonly outcomes: OutcomeTally;
  readonly latency: LatencyHistogram;
}

/** Adds up what the generator posts: by phase for the verdict, over the last seconds for guards and displays. Pure; times are ms of the load. */
export class LoadCollector {
  readonly #plan: CollectorPlan;
  readonly #phases = new Map<Phase, PhaseTally>();
  readonly #names: string[] = [];
  readonly #recent: RecentWindow;
  #received = 0;

  constructor(plan: CollectorPlan) {
    this.#plan = plan;
    this.#recent = new RecentWindow(plan.longestWindowMs);
  }

  /** Requests that have ended so far. */
  get received(): number {
    return this.#received;
  }

  add({ rows, names, open }: Batch): void {
    this.#names.push(...names);
    for (const { scheduledMs, latencyUs, code } of readRows(rows)) {
      this.#end(scheduledMs, latencyUs, this.#names[code] ?? 'other');
    }
    this.#recent.setOpen(open);
  }

  /** Requests whose end will never be known, since the generator died: they failed, and took until now. */
  addLost(scheduledMs: readonly number[], nowMs: number): void {
    for (const scheduled of scheduledMs) this.#end(scheduled, (nowMs - scheduled) * 1000, 'lost');
    this.#recent.setOpen([]);
  }

  #end(scheduledMs: number, latencyUs: number, outcome: string): void {
    this.#received++;
    const { outcomes, latency } = this.#tallyOf(this.#plan.phaseAt(scheduledMs));
    outcomes.add(outcome);
    latency.record(latencyUs);
    this.#recent.add({ endedMs: scheduledMs + latencyUs / 1000, latencyUs, outcome });
  }

  /** The phases that had requests, in the order they came. */
  phases(): LoadPhase[] {
    return [...this.#phases].map(([phase, { outcomes, latency }]) => {
      const summary = outcomes.summary(latency.summary());
      return { phase, seconds: summary.sent / this.#plan.ratePerSecond, summary, histogram: latency.encode() };
    });
  }

  /** The requests that ended in the last `windowMs`. */
  recent(nowMs: number, windowMs: number): LoadSummary {
    return this.#recent.summary(nowMs, windowMs);
  }

  #tallyOf(phase: Phase): PhaseTally {
    const known = this.#phases.get(phase);
    if (known) return known;
    const tally = { outcomes: new OutcomeTally(), latency: new LatencyHistogram() };
    this.#phases.set(phase, tally);
    return tally;
  }
}
