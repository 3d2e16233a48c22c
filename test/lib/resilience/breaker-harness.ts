import {
  CircuitBreaker,
  FAILURE,
  type BreakerChange,
  type CircuitBreakerOptions,
  type Outcome,
} from '../../../src/lib/resilience/breaker.ts';

/** A breaker, the changes it told, and calls that end as they start. */
export function openBreaker(options: CircuitBreakerOptions = {}) {
  const changes: BreakerChange[] = [];
  const breaker = new CircuitBreaker({ onChange: (change) => void changes.push(change), ...options });
  const call = (outcome: Outcome, nowMs = 0, durationMs = 1): number => {
    const ticket = breaker.allow(nowMs);
    breaker.record(ticket, outcome, durationMs, nowMs);
    return ticket;
  };
  const calls = (count: number, outcome: Outcome, nowMs = 0, durationMs = 1): void => {
    for (let i = 0; i < count; i++) call(outcome, nowMs, durationMs);
  };
  const stateAt = (nowMs: number): string => breaker.view(nowMs).state;
  return { breaker, changes, call, calls, stateAt };
}

/** Open since 0 ms, so that it lets trials through from 30,000 ms on. */
export function openedBreaker(options: CircuitBreakerOptions = {}) {
  const all = openBreaker(options);
  all.calls(6, FAILURE);
  all.changes.length = 0;
  return all;
}
