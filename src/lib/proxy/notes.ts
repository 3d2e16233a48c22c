import type { Clock } from '../runtime/clock.ts';

/** What is said once is not said again for so long: a client that tries again and again would fill the screen. */
const QUIET_MS = 60_000;
/** Different things said and remembered; the oldest is forgotten first. */
const MAX_REMEMBERED = 100;

/** Passes notes on, each text at most once a minute. */
export function createNotes(clock: Clock, note: (text: string) => void): (text: string) => void {
  const saidMs = new Map<string, number>();
  return (text) => {
    const nowMs = clock.monotonicMs();
    if (nowMs - (saidMs.get(text) ?? -Infinity) < QUIET_MS) return;
    saidMs.delete(text);
    saidMs.set(text, nowMs);
    const oldest = saidMs.keys().next();
    if (saidMs.size > MAX_REMEMBERED && !oldest.done) saidMs.delete(oldest.value);
    note(text);
  };
}
