import type { BreakerOptions } from '../../resilience/breaker-options.ts';
import type { BreakerRule } from '../protection.ts';

/** What a breaker itself takes of a rule; it refuses what it does not know. */
export function breakerOptions({ per: _per, routes: _routes, ...options }: BreakerRule): BreakerOptions {
  return options;
}
