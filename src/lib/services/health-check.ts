import { isFieldValue } from '../wire/http1-head-writer.ts';
import type { HealthThresholds } from './health.ts';
import { requireWhole, requireWithin, wrong } from './registration.ts';

interface CheckTimes {
  /** From the beginning of a check to that of the next: 5 s by default, 200 ms at least. */
  readonly intervalMs?: number;
  /**
   * From the beginning of a check to the last byte of its answer. By default 1 s, but no more than a quarter of the interval: so an
   * endpoint that hangs is found out within two intervals (`worstDetectionMs`).
   */
  readonly timeoutMs?: number;
  /** Good results in a row that make an unhealthy endpoint healthy: 2 by default, against flapping. */
  readonly rise?: number;
  /** Bad results in a row that make an endpoint unhealthy: 3 by default, so that one lost packet is none. */
  readonly fall?: number;
}

/** How TLS is spoken to endpoints that want it; PEM texts. */
export interface CheckTls {
  /** The name to ask for and to verify; undefined: the endpoint's host. */
  readonly serverName: string | undefined;
  /** Certificates to trust instead of those of the system. */
  readonly ca: string | undefined;
  readonly client: { readonly cert: string; readonly key: string } | undefined;
  /** Whatever the certificate is. */
  readonly insecure: boolean;
}

export interface HttpCheckRequest extends CheckTimes {
  /** A GET by HTTP/1.1. The default kind. */
  readonly kind?: 'http';
  /** `/health` by default. */
  readonly path?: string;
  /** The statuses that are good: 200 alone by default. */
  readonly statuses?: readonly number[];
  /** The value of the Host header; the endpoint's address by default. */
  readonly hostHeader?: string;
}

export interface TcpCheckRequest extends CheckTimes {
  /** A connection that opens, no more: says that the kernel listens, not that the program answers. */
  readonly kind: 'tcp';
}

/** How to check an endpoint, as it is configured. */
export type HealthCheckRequest = HttpCheckRequest | TcpCheckRequest;

interface CheckPlan extends HealthThresholds {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** From the beginning of a failed check to that of the next, until the endpoint is found unhealthy. */
  readonly retryMs: number;
}

export interface HttpCheck extends CheckPlan {
  readonly kind: 'http';
  readonly path: string;
  readonly statuses: readonly number[];
  readonly hostHeader: string | undefined;
  /** For endpoints that speak TLS; undefined: verified by the certificates of the system. */
  readonly tls?: CheckTls | undefined;
}

export interface TcpCheck extends CheckPlan {
  readonly kind: 'tcp';
}

/** How to check an endpoint, with everything decided. */
export type HealthCheck = HttpCheck | TcpCheck;

/** What checks one endpoint, one check at a time. It knows no time: its user ends what takes too long. */
export interface Checker {
  /** What it waits for at this moment, such as `reading the body`. */
  readonly stage: string;
  /** Begins a check; calls `done` once with what is wrong (undefined: nothing), unless `reset` comes before. Never throws. */
  begin(done: (failure: string | undefined) => void): void;
  /** Ends what is under way without a result, and gives up its connection. It can begin again. */
  reset(): void;
}

export type CreateChecker = (place: CheckedPlace, check: HealthCheck) => Checker;

/** Where checks go. */
export interface CheckedPlace {
  readonly host: string;
  readonly port: number;
  readonly tls?: boolean | undefined;
}

const DEFAULT_INTERVAL_MS = 5_000;
/** More often would rather load the service than watch it. */
const MIN_INTERVAL_MS = 200;
const MAX_INTERVAL_MS = 3_600_000;
const DEFAULT_TIMEOUT_MS = 1_000;
const MIN_TIMEOUT_MS = 10;
const MAX_TIMEOUT_MS = 60_000;
/** A failed check is repeated after this part of the interval ... */
const RETRY_RATIO = 1 / 4;
/** ... but a connection refused in no time is not repeated in a tight loop. */
const MIN_RETRY_MS = 50;
const MAX_THRESHOLD = 100;
/** A list of good statuses longer than this is a mistake. */
const MAX_STATUSES = 100;
/** Intervals differ by as much each way, so that checks of many endpoints do not march in step. */
export const JITTER_RATIO = 0.1;

/** Throws AppError `usage` that names the field, its value and what would be right. */
export function parseHealthCheck(request: HealthCheckRequest = {}): HealthCheck {
  const plan = parsePlan(request);
  if (request.kind === 'tcp') return { kind: 'tcp', ...plan };
  const { path = '/health', statuses = [200], hostHeader } = request;
  if (!/^\/[\x21-\x7e]*$/.test(path)) throw wrong('path', path, 'a path such as /health, in ASCII without blanks');
  if (hostHeader !== undefined && (hostHeader === '' || !isFieldValue(hostHeader)))
    throw wrong('hostHeader', hostHeader, 'a host such as shop.test');
  if (statuses.length === 0 || statuses.length > MAX_STATUSES) throw wrong('statuses', statuses, '1 to 100 statuses');
  for (const status of statuses) requireWhole('statuses', status, 200, 599);
  return { kind: 'http', ...plan, path, statuses, hostHeader };
}

function parsePlan({ intervalMs = DEFAULT_INTERVAL_MS, timeoutMs, rise = 2, fall = 3 }: CheckTimes): CheckPlan {
  requireWithin('intervalMs', intervalMs, MIN_INTERVAL_MS, MAX_INTERVAL_MS);
  if (timeoutMs !== undefined) requireWithin('timeoutMs', timeoutMs, MIN_TIMEOUT_MS, MAX_TIMEOUT_MS);
  requireWhole('rise', rise, 1, MAX_THRESHOLD);
  requireWhole('fall', fall, 1, MAX_THRESHOLD);
  const retryMs = Math.max(MIN_RETRY_MS, intervalMs * RETRY_RATIO);
  return { intervalMs, timeoutMs: timeoutMs ?? Math.min(DEFAULT_TIMEOUT_MS, retryMs), retryMs, rise, fall };
}

/**
 * The longest time from the moment an endpoint fails until it is unhealthy and gets no new request, apart from how late timers are:
 *
 *     fails   1st bad        2nd bad        3rd bad: unhealthy
 *       │────────│──────────────│──────────────│─────────▶│
 *        1.1·interval   retry or       retry or    timeout
 *                       timeout        timeout
 *
 * Each wait between bad ones is the longer of `retryMs` (a quarter of the interval) and what the check takes: nothing when the connection is
 * refused, `timeoutMs` when the endpoint hangs. So within two intervals come: any failure, with `fall` up to 3 and the default timeout;
 * refusals, with `fall` up to 4 and any timeout; with `fall` 1, hanging too when the timeout is below 0.9 intervals, with 2 below 0.45.
 */
export function worstDetectionMs(
  { intervalMs, timeoutMs, retryMs, fall }: CheckPlan,
  kind: 'hangs' | 'refuses' = 'hangs',
): number {
  const tookMs = kind === 'hangs' ? timeoutMs : 0;
  return intervalMs * (1 + JITTER_RATIO) + (fall - 1) * Math.max(retryMs, tookMs) + tookMs;
}
