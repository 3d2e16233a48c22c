import { setTimeout as sleepMs } from 'node:timers/promises';
import { PreciseTimers } from './precise-timers.ts';

/** Cancels what was scheduled; harmless when it already ran. */
export type Cancel = () => void;

/** Time, and waiting for it. The only way the rest of the code meets either. */
export interface Clock {
  /** Milliseconds that only ever go forward, with fractions. Not comparable between processes. */
  monotonicMs(): number;
  /** Milliseconds since the Unix epoch, for people and for records. */
  unixMs(): number;
  /** Runs `action` once, `delayMs` from now. */
  after(delayMs: number, action: () => void): Cancel;
  /** The same to a tenth of a millisecond on an idle machine, at the price of some CPU time: for delays that are measured. */
  afterPrecisely(delayMs: number, action: () => void): Cancel;
  /** Runs `action` every `periodMs`, first after one period. */
  every(periodMs: number, action: () => void): Cancel;
  /** Resolves after `delayMs`; rejects with the signal's reason as soon as it is aborted. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/** The longest delay a timer takes (2^31 - 1 ms); a longer one would fire at once. */
const MAX_TIMER_MS = 2_147_483_647;

const preciseTimers = new PreciseTimers({
  nowMs: () => performance.now(),
  sleep(delayMs, action) {
    const timer = setTimeout(action, Math.min(delayMs, MAX_TIMER_MS));
    return () => clearTimeout(timer);
  },
  nextTurn(action) {
    const turn = setImmediate(action);
    return () => clearImmediate(turn);
  },
});

export const realClock: Clock = {
  monotonicMs: () => performance.now(),
  unixMs: () => Date.now(),
  after(delayMs, action) {
    const timer = setTimeout(action, Math.min(delayMs, MAX_TIMER_MS));
    return () => clearTimeout(timer);
  },
  afterPrecisely: (delayMs, action) => preciseTimers.after(delayMs, action),
  every(periodMs, action) {
    const timer = setInterval(action, Math.min(periodMs, MAX_TIMER_MS));
    return () => clearInterval(timer);
  },
  async sleep(delayMs, signal) {
    try {
      await sleepMs(Math.min(delayMs, MAX_TIMER_MS), undefined, signal ? { signal } : {});
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  },
};

/** Stops this whole thread for a while: for the rare wait in code that must not be interleaved. */
export function pauseThread(delayMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, delayMs);
}
