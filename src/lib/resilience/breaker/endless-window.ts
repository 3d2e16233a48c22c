import type { OutcomeWindow } from './outcome-window.ts';

/** Every call since the breaker closed: what is counted when nobody asks for a window. */
export class EndlessWindow implements OutcomeWindow {
  calls = 0;
  failures = 0;
  slow = 0;

  add(isFailure: boolean, isSlow: boolean): void {
    this.calls++;
    if (isFailure) this.failures++;
    if (isSlow) this.slow++;
  }

  advance(): void {
    // Nothing grows old.
  }

  clear(): void {
    this.calls = 0;
    this.failures = 0;
    this.slow = 0;
  }
}
