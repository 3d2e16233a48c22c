import { AppError } from '../../errors/app-error.ts';

/** Time is counted in whole microseconds: finer than any caller can wait, and 2^53 of them are 285 years. */
export const US_PER_SECOND = 1_000_000;
/** Tokens a bucket may hold. With it, debts and their sums stay below 2^53, where a number still is an exact integer. */
export const MAX_BURST = 1_000_000;
/** Tokens a second. A faster one refills any bucket within a microsecond or so and would limit nothing. */
export const MAX_RATE_PER_SECOND = 1_000_000_000;
/** A denominator up to this tells "one in eleven days" from "never". */
const MAX_DENOMINATOR = 1_000_000;
/** What the fraction may be away from the rate that was asked for; more would be another limit than the one that was written. */
const MAX_RELATIVE_ERROR = 1e-3;
/** Terms of a continued fraction; each at least halves what is left, so a double has no more. */
const MAX_TERMS = 64;

/**
 * A rate and a burst as integers, so that refilling never rounds and never drifts. The rate is the fraction n/d: 1 token is `unitsPerToken` =
 * 1,000,000 d units, and every microsecond brings `unitsPerUs` = n units. 3 a second is (1,000,000; 3), 1 a minute is (60,000,000; 1).
 */
export interface ExactRate {
  readonly unitsPerToken: number;
  readonly unitsPerUs: number;
  readonly capacityUnits: number;
}

/** The integers for `ratePerSecond` and `burst`, or AppError('usage') when the two lie too far apart to be held exactly. */
export function exactRate(ratePerSecond: number, burst: number): ExactRate {
  const maxDenominator = Math.min(MAX_DENOMINATOR, Math.floor(2 ** 52 / (US_PER_SECOND * burst)));
  const [unitsPerUs, denominator] = nearestFraction(ratePerSecond, maxDenominator);
  if (Math.abs(unitsPerUs / denominator / ratePerSecond - 1) > MAX_RELATIVE_ERROR)
    throw new AppError('usage', `rate ${ratePerSecond} is too small beside a burst of ${burst}`, {
      hint: 'Raise the rate, or lower the burst.',
    });
  const unitsPerToken = US_PER_SECOND * denominator;
  return { unitsPerToken, unitsPerUs, capacityUnits: unitsPerToken * burst };
}

/** The last convergent of the value's continued fraction whose denominator is small enough, as [numerator, denominator]. */
function nearestFraction(value: number, maxDenominator: number): [number, number] {
  let [n0, d0, n1, d1] = [0, 1, 1, 0];
  let rest = value;
  for (let term = 0; term < MAX_TERMS; term++) {
    const whole = Math.floor(rest);
    const [n2, d2] = [whole * n1 + n0, whole * d1 + d0];
    if (d2 > maxDenominator) break;
    [n0, d0, n1, d1] = [n1, d1, n2, d2];
    if (n1 / d1 === value) break;
    rest = 1 / (rest - whole);
  }
  return [n1, d1];
}
