import { AppError } from '../errors/app-error.ts';
import { nearest } from '../errors/nearest.ts';

/** Which calls a percentage is taken of: the last `calls`, or those of the last `windowMs`, kept in `buckets` that leave one at a time. */
export type BreakerWindow =
  | { readonly kind: 'count'; readonly calls: number }
  | { readonly kind: 'time'; readonly windowMs: number; readonly buckets?: number | undefined };

/** How a breaker judges, and how it recovers. Percentages are 0 to 100, times are milliseconds; everything has a default. */
export interface BreakerOptions {
  /** For messages and views. Default `breaker`. */
  readonly name?: string | undefined;
  /**
   * Opens when MORE than so many calls failed one after the other: with 5, the sixth opens it. `false`: never for that reason. Default 5, as in
   * gobreaker: one blip or one restarted instance stays below it.
   */
  readonly consecutiveFailures?: number | false | undefined;
  /** Opens when at least this share of the window failed (`>=`, as resilience4j compares). Default: off, as a share needs traffic to mean something. */
  readonly failurePercent?: number | undefined;
  /** A call that takes longer than this (`>`) is slow, whether it failed or not. Default: none is, as only the service's owner knows its pace. */
  readonly slowMs?: number | undefined;
  /** Opens when at least this share of the window was slow (`>=`), and makes a slow trial a failed one. Needs `slowMs`. Default: off. */
  readonly slowPercent?: number | undefined;
  /** What percentages are taken of. Default when one is set: the last 100 calls, as in resilience4j; else counts run since the breaker closed. */
  readonly window?: BreakerWindow | undefined;
  /** Percentages are not looked at below so many calls, or 1 failure of 1 is 100 %. Default 20, as in Hystrix, or the whole count window if it is smaller. */
  readonly minimumCalls?: number | undefined;
  /** How long it stays open before it tries again. Default 30,000: time for an instance to be replaced. */
  readonly openMs?: number | undefined;
  /** The open time doubles each time that trials fail, up to this. Default `openMs`: no growth. */
  readonly openMaxMs?: number | undefined;
  /** Trial calls let through half-open, in flight or done. Default 10: enough to tell luck from health, too few to knock a service down again. */
  readonly trials?: number | undefined;
  /** Closes after so many successful trials without a failure between them. At most `trials`, which is the default. */
  readonly trialSuccesses?: number | undefined;
  /** When all trials are given out and the youngest is older than this, the unfinished ones are given out anew. Default 60,000: no sane deadline is longer. */
  readonly trialMaxMs?: number | undefined;
}

/** Options that were checked, with every default in its place; `Infinity` where a rule is off. */
export interface BreakerSettings {
  readonly name: string;
  readonly consecutiveFailures: number;
  readonly failurePercent: number;
  readonly slowMs: number;
  readonly slowPercent: number;
  readonly window: BreakerWindow | undefined;
  readonly minimumCalls: number;
  readonly openMs: number;
  readonly openMaxMs: number;
  readonly trials: number;
  readonly trialSuccesses: number;
  readonly trialMaxMs: number;
}

/** Buckets of a time window that does not say how many: it then reaches back between 90 and 100 % of its length. */
export const DEFAULT_BUCKETS = 10;

/** A byte each: a megabyte a breaker is plenty. */
const MAX_WINDOW_CALLS = 1_000_000;
/** After an idle time each is emptied in turn, within one call. */
const MAX_BUCKETS = 1000;
/** Above it a counter of trials says nothing more. */
const MAX_COUNT = 1_000_000_000;
/** A microsecond: below it clocks say nothing, and the numbers of buckets would outgrow the whole numbers. */
const MIN_MS = 0.001;
/** A year: a longer time is a slip of the unit. */
const MAX_MS = 31_536_000_000;
const DEFAULT_MINIMUM_CALLS = 20;

const NAMES: readonly (keyof BreakerSettings)[] = [
  'name',
  'consecutiveFailures',
  'failurePercent',
  'slowMs',
  'slowPercent',
  'window',
  'minimumCalls',
  'openMs',
  'openMaxMs',
  'trials',
  'trialSuccesses',
  'trialMaxMs',
];

/** Checks options and fills in the defaults. Throws `AppError('usage')` that names the field, its value and what would be right. */
export function checkBreakerOptions(options: BreakerOptions, ...alsoKnown: readonly string[]): BreakerSettings {
  refuseUnknown(options, [...NAMES, ...alsoKnown]);
  const window = checkWindow(options);
  const trials = count('trials', options.trials ?? 10, 1, MAX_COUNT);
  const openMs = duration('openMs', options.openMs ?? 30_000);
  return {
    name: name(options.name ?? 'breaker'),
    consecutiveFailures: consecutive(options.consecutiveFailures ?? 5),
    failurePercent: percent('failurePercent', options.failurePercent),
    ...checkSlow(options),
    window,
    minimumCalls: minimumCalls(options.minimumCalls, window),
    openMs,
    openMaxMs: openMaxMs(options.openMaxMs ?? openMs, openMs),
    trials,
    trialSuccesses: trialSuccesses(options.trialSuccesses ?? trials, trials),
    trialMaxMs: duration('trialMaxMs', options.trialMaxMs ?? 60_000),
  };
}

function refuseUnknown(options: BreakerOptions, known: readonly string[]): void {
  for (const field of Object.keys(options)) {
    if (known.includes(field)) continue;
    const meant = nearest(field, known);
    throw new AppError('usage', `the breaker has no option ${field}`, {
      hint: meant === undefined ? `the options are ${known.join(', ')}` : `did you mean ${meant}?`,
    });
  }
}

function checkWindow({ window, failurePercent, slowPercent }: BreakerOptions): BreakerWindow | undefined {
  if (window === undefined) {
    return failurePercent === undefined && slowPercent === undefined ? undefined : { kind: 'count', calls: 100 };
  }
  // Options come from JavaScript and from files, too: the type is not yet a promise.
  const given: unknown = window;
  if (typeof given !== 'object' || given === null)
    throw mistake('window', given, "an object with kind 'count' or 'time'");
  const kind: string = window.kind;
  if (window.kind === 'count')
    return { kind: 'count', calls: count('window.calls', window.calls, 1, MAX_WINDOW_CALLS) };
  if (kind !== 'time') throw mistake('window.kind', kind, "'count' or 'time'");
  const buckets = count('window.buckets', window.buckets ?? DEFAULT_BUCKETS, 1, MAX_BUCKETS);
  return { kind: 'time', windowMs: duration('window.windowMs', window.windowMs), buckets };
}

function checkSlow({ slowMs, slowPercent }: BreakerOptions): Pick<BreakerSettings, 'slowMs' | 'slowPercent'> {
  if (slowPercent !== undefined && slowMs === undefined)
    throw mistake('slowMs', slowMs, 'the milliseconds above which a call is slow, because slowPercent is set');
  return {
    slowMs: slowMs === undefined ? Infinity : duration('slowMs', slowMs),
    slowPercent: percent('slowPercent', slowPercent),
  };
}

function consecutive(value: number | false): number {
  return value === false ? Infinity : count('consecutiveFailures', value, 0, MAX_COUNT, ', or false');
}

function minimumCalls(value: number | undefined, window: BreakerWindow | undefined): number {
  const most = window?.kind === 'count' ? window.calls : MAX_COUNT;
  if (value === undefined) return Math.min(DEFAULT_MINIMUM_CALLS, most);
  return count('minimumCalls', value, 1, most, window?.kind === 'count' ? ' (window.calls: it never holds more)' : '');
}

function openMaxMs(value: number, openMs: number): number {
  if (duration('openMaxMs', value) < openMs) throw mistake('openMaxMs', value, `at least openMs (${openMs})`);
  return value;
}

function trialSuccesses(value: number, trials: number): number {
  return count('trialSuccesses', value, 1, trials, ' (trials: no more can succeed)');
}

function name(value: unknown): string {
  if (typeof value !== 'string' || value === '') throw mistake('name', value, 'some text');
  return value;
}

function percent(field: string, value: number | undefined): number {
  if (value === undefined) return Infinity;
  if (!Number.isFinite(value) || value <= 0 || value > 100)
    throw mistake(field, value, 'a number above 0 and up to 100');
  return value;
}

function duration(field: string, value: number): number {
  if (!Number.isFinite(value) || value < MIN_MS || value > MAX_MS)
    throw mistake(field, value, 'milliseconds, from 0.001 to a year');
  return value;
}

function count(field: string, value: number, least: number, most: number, remark = ''): number {
  if (!Number.isInteger(value) || value < least || value > most)
    throw mistake(field, value, `a whole number from ${least} to ${most}${remark}`);
  return value;
}

function mistake(field: string, value: unknown, right: string): AppError {
  const shown = typeof value === 'number' ? String(value) : (JSON.stringify(value) as string | undefined);
  return new AppError('usage', `breaker option ${field} is ${shown ?? String(value)}: expected ${right}`);
}
