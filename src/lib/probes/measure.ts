import { messageOf } from '../errors/app-error.ts';
import type { Clock } from '../runtime/clock.ts';
import { formatDurationMs } from '../wire/quantities.ts';

/** One measurement. Out of tolerance is a value, never an exception. */
export interface ProbeOutcome {
  readonly ok: boolean;
  /** What was measured, in short: `200 in 12 ms`, `rss 84.1 MiB`. */
  readonly value: string;
  /** Which tolerance was broken and by what; absent when ok. */
  readonly reason?: string | undefined;
}

/** What a proxy knows of a service behind it. */
export interface WatchedService {
  /** Its own breaker by its name, those of its endpoints by their ids. */
  readonly breakers: readonly { readonly name: string; readonly state: string }[];
  readonly endpoints: readonly { readonly endpoint: string; readonly isUsable: boolean }[];
}

/** Resolves processes by the name of a service of the scenario; given by whoever started the services. */
export interface ProbeHost {
  readonly clock: Clock;
  /** Pids of a service that this run started; undefined when it is not one of them. */
  servicePids(service: string): readonly number[] | undefined;
  /** A service that a proxy of this run looks after; undefined when there is none of that name. */
  readonly lookupService?: ((service: string) => WatchedService | undefined) | undefined;
  /** The directory that relative commands run in. */
  readonly directory: string;
  /** The run's id: what a probe starts is marked with it (FAULTLINE_RUN), so that it can be found should this process die meanwhile. */
  readonly run?: string | undefined;
}

/**
 * Measures once. When the signal is aborted it returns promptly, with `cutReason(signal)` and how far it came; it may throw, which
 * counts as a failed measurement.
 */
export type Measure = (host: ProbeHost, signal: AbortSignal) => Promise<ProbeOutcome>;

/** How long a measurement may take to say how far it came, once it was cut; then it is answered for. */
const CUT_GRACE_MS = 50;

/** Runs one measurement under its timeout and the caller's signal. Never throws, and returns whatever the measurement does. */
export async function measureWithin(
  measure: Measure,
  host: ProbeHost,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<ProbeOutcome & { readonly tookMs: number }> {
  const startedMs = host.clock.monotonicMs();
  const tookMs = (): number => host.clock.monotonicMs() - startedMs;
  if (signal?.aborted) return { ok: false, value: '', reason: 'cut short', tookMs: 0 };

  const cut = new AbortController();
  const cancelTimeout = host.clock.after(timeoutMs, () =>
    cut.abort(new Error(`timed out after ${formatDurationMs(timeoutMs)}`)),
  );
  const cutShort = (): void => cut.abort(new Error('cut short'));
  signal?.addEventListener('abort', cutShort, { once: true });
  const overdue = Promise.withResolvers<ProbeOutcome>();
  let cancelGrace = (): void => undefined;
  cut.signal.addEventListener('abort', () => {
    cancelGrace = host.clock.after(CUT_GRACE_MS, () => overdue.resolve(failed('', cutReason(cut.signal))));
  });

  try {
    const outcome = await Promise.race([measure(host, cut.signal), overdue.promise]);
    return { ...outcome, tookMs: tookMs() };
  } catch (error) {
    return { ...failed('', causeOf(error, cut.signal)), tookMs: tookMs() };
  } finally {
    cancelTimeout();
    cancelGrace();
    signal?.removeEventListener('abort', cutShort);
  }
}

/** What a measurement threw; once it was cut, an error that does not say so is only a consequence of that. */
function causeOf(error: unknown, signal: AbortSignal): string {
  const said = messageOf(error);
  return !signal.aborted || said.startsWith(cutReason(signal)) ? said : cutReason(signal);
}

/** Why a measurement was ended early: `timed out after 2s`, `cut short`. */
export function cutReason(signal: AbortSignal): string {
  return messageOf(signal.reason);
}

export function failed(value: string, reason: string): ProbeOutcome {
  return { ok: false, value, reason };
}

/** The outcome of a measurement that came to its end: ok when no tolerance was broken. */
export function judged(value: string, broken: readonly (string | undefined)[]): ProbeOutcome {
  const reasons = broken.filter((reason) => reason !== undefined);
  return reasons.length === 0 ? { ok: true, value } : failed(value, reasons.join('; '));
}
