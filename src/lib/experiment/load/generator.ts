import type { Cancel, Clock } from '../../runtime/clock.ts';
import { BatchBuilder } from './batch.ts';
import { LagMeter } from './lag-meter.ts';
import { type Batch, LONG_OPEN_MS } from './messages.ts';
import { countBefore, dueCount, scheduledMs } from './schedule.ts';

export interface GeneratorPlan {
  readonly ratePerSecond: number;
  readonly timeoutMs: number;
  readonly maxInFlight: number;
  /** Arrival 0, on the clock's monotonic time. */
  readonly startMs: number;
  /** No arrival is scheduled from here on, in ms from the start; undefined: until stopped. */
  readonly endMs: number | undefined;
}

export interface GeneratorPorts {
  readonly clock: Clock;
  /** Sends the request of an arrival; `done` is called at most once, with `ok` or the name of what went wrong. Returns how to cut it. */
  send(index: number, done: (outcome: string) => void): Cancel;
  post(batch: Batch): void;
  /** Every arrival has ended, and has been posted. */
  done(arrivals: number): void;
}

/** How often results are posted. */
const POST_MS = 100;
/**
 * Requests sent without a look at the sockets. After a pause many are due at once; answers that have come meanwhile must not wait until
 * all of them are sent.
 */
const MAX_BURST = 200;

interface Flight {
  readonly scheduledMs: number;
  readonly deadlineMs: number;
  cut: Cancel;
}

/**
 * Makes arrivals at a constant rate, whatever becomes of them. Latency counts from the scheduled moment, so that a request that is sent
 * late, for whatever reason, is as slow as its user would find it.
 *
 *   scheduled ──lag──▶ sent ─────────▶ last byte
 *       └────────────── latency ──────────┘
 */
export class Generator {
  readonly #plan: GeneratorPlan;
  readonly #ports: GeneratorPorts;
  readonly #batch = new BatchBuilder();
  readonly #lag = new LagMeter();
  /** Open requests by index, in the order they were sent: that of their deadlines, too. At most `maxInFlight`. */
  readonly #flights = new Map<number, Flight>();
  #next = 0;
  #endIndex: number;
  #cutMs = Number.POSITIVE_INFINITY;
  #postMs = POST_MS;
  #isDone = false;
  #cancelTimer: Cancel = () => undefined;

  constructor(plan: GeneratorPlan, ports: GeneratorPorts) {
    this.#plan = plan;
    this.#ports = ports;
    this.#endIndex = plan.endMs === undefined ? Number.POSITIVE_INFINITY : countBefore(plan.endMs, plan.ratePerSecond);
    this.#arm();
  }

  /** Makes no arrival that is scheduled at `atMs` or later; what is still open at `cutMs` is cut. A second call can only be stricter. */
  stop(atMs: number, cutMs: number): void {
    this.#endIndex = Math.min(this.#endIndex, Math.max(this.#next, countBefore(atMs, this.#plan.ratePerSecond)));
    this.#cutMs = Math.min(this.#cutMs, cutMs);
    this.#arm();
  }

  #tick(): void {
    const nowMs = this.#nowMs();
    const due = Math.min(dueCount(nowMs, this.#plan.ratePerSecond), this.#endIndex);
    for (let sent = 0; this.#next < due && sent < MAX_BURST; sent++) this.#arrive(this.#next++);
    this.#expire(this.#nowMs());
    if (this.#isOver()) this.#finish();
    else {
      if (nowMs >= this.#postMs) this.#post(nowMs);
      this.#arm();
    }
  }

  #arrive(index: number): void {
    const { ratePerSecond, timeoutMs, maxInFlight } = this.#plan;
    const nowMs = this.#nowMs();
    const dueMs = scheduledMs(index, ratePerSecond);
    this.#lag.add(nowMs, nowMs - dueMs);
    if (this.#flights.size >= maxInFlight) {
      // It was never sent. Counting it as quick would make an overloaded service look better the more it is overloaded.
      this.#batch.add(dueMs, timeoutMs, 'overload');
      return;
    }
    const flight: Flight = { scheduledMs: dueMs, deadlineMs: nowMs + timeoutMs, cut: () => undefined };
    this.#flights.set(index, flight);
    flight.cut = this.#ports.send(index, (outcome) => this.#land(index, outcome));
  }

  #land(index: number, outcome: string): void {
    const flight = this.#flights.get(index);
    if (!flight) return;
    this.#flights.delete(index);
    this.#batch.add(flight.scheduledMs, this.#nowMs() - flight.scheduledMs, outcome);
    if (this.#isOver()) this.#arm();
  }

  #expire(nowMs: number): void {
    for (const [index, flight] of this.#flights) {
      const isCut = nowMs >= this.#cutMs;
      if (!isCut && flight.deadlineMs > nowMs) break;
      this.#land(index, flight.deadlineMs <= nowMs ? 'timeout' : 'cut');
      flight.cut();
    }
  }

  #isOver(): boolean {
    return this.#next >= this.#endIndex && this.#flights.size === 0;
  }

  #finish(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#post(this.#nowMs());
    this.#ports.done(this.#next);
  }

  #post(nowMs: number): void {
    this.#postMs = nowMs + POST_MS;
    const open: number[] = [];
    for (const flight of this.#flights.values()) {
      if (nowMs - flight.scheduledMs < LONG_OPEN_MS) break;
      open.push(flight.scheduledMs);
    }
    this.#ports.post(this.#batch.take(open, this.#lag.take(nowMs)));
  }

  /** Sets the one timer to the next thing that falls due. */
  #arm(): void {
    this.#cancelTimer();
    if (this.#isDone) return;
    const [first] = this.#flights.values();
    const nextMs = this.#isOver()
      ? Number.NEGATIVE_INFINITY
      : Math.min(
          this.#next < this.#endIndex ? scheduledMs(this.#next, this.#plan.ratePerSecond) : Number.POSITIVE_INFINITY,
          first?.deadlineMs ?? Number.POSITIVE_INFINITY,
          first ? this.#cutMs : Number.POSITIVE_INFINITY,
          this.#postMs,
        );
    this.#cancelTimer = this.#ports.clock.after(Math.max(0, nextMs - this.#nowMs()), () => this.#tick());
  }

  #nowMs(): number {
    return this.#ports.clock.monotonicMs() - this.#plan.startMs;
  }
}
