import type { RunContext } from './run-context.ts';

/** How often the breakers are looked at. */
const LOOK_MS = 20;

/**
 * Lets the after phase last until the breakers are closed that the gate wants closed in time, or that time is over: a steady state that holds
 * early must not cut a breaker's trials short.
 */
export async function watchClosing(context: RunContext, faultEndMs: number): Promise<void> {
  const { scenario, clock, stop, lookupService } = context;
  const wanted = scenario.gate.flatMap(({ metric, value }) =>
    metric.name === 'breaker.closes' ? [{ breaker: metric.breaker, untilMs: faultEndMs + value }] : [],
  );
  const isOpen = (breaker: string): boolean => {
    const service = breaker.split('/', 1)[0] ?? breaker;
    const breakers = lookupService(service)?.breakers ?? [];
    return breakers.some(({ name, state }) => (breaker === service || name === breaker) && state !== 'closed');
  };
  while (wanted.some(({ breaker, untilMs }) => clock.monotonicMs() < untilMs && isOpen(breaker)))
    await clock.sleep(LOOK_MS, stop.signal);
}
