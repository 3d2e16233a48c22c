import { findProbeKind } from '../probes/registry.ts';
import type { ProbeHost } from '../probes/probe.ts';
import { createPaint } from '../report/paint.ts';
import { realClock } from '../runtime/clock.ts';

/** One measurement, as `faultline probe` prints it. */
export interface ProbeReport {
  readonly kind: string;
  readonly ok: boolean;
  readonly value: string;
  readonly reason: string | null;
  readonly tookMs: number;
  readonly at: string;
}

export interface ProbeRequest {
  readonly kind: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly expect: Readonly<Record<string, unknown>>;
  readonly timeoutMs: number;
  /** Measure again this often until told to stop; undefined: once. */
  readonly everyMs: number | undefined;
  readonly onReport: (report: ProbeReport) => void;
  readonly stop: AbortSignal;
}

/** Measures once, or over and over until stopped; gives the last measurement. Throws AppError `usage` for wrong parameters. */
export async function runProbe(request: ProbeRequest): Promise<ProbeReport> {
  const { kind, timeoutMs, everyMs, stop } = request;
  const measure = findProbeKind(kind).bind(definedOnly(request.params), definedOnly(request.expect));
  const host: ProbeHost = { clock: realClock, directory: process.cwd(), servicePids: () => undefined };
  for (;;) {
    const startMs = realClock.monotonicMs();
    const at = new Date(realClock.unixMs()).toISOString();
    const { ok, value, reason, tookMs } = await measure(host, timeoutMs, stop);
    const report = { kind, ok, value, reason: reason ?? null, tookMs, at };
    request.onReport(report);
    if (everyMs === undefined) return report;
    const restMs = Math.max(0, startMs + everyMs - realClock.monotonicMs());
    const stopped = await realClock.sleep(restMs, stop).then(
      () => false,
      () => true,
    );
    if (stopped) return report;
  }
}

export function formatProbeReport(
  { ok, value, reason, at }: ProbeReport,
  options: { readonly color: boolean; readonly time: boolean },
): string {
  const paint = createPaint(options.color);
  const line = ok ? `${paint.good('✓')} ${value}` : `${paint.bad('✗')} ${reason ?? value}`;
  return options.time ? `${paint.faint(at.slice(11, 23))} ${line}` : line;
}

/** Flags that were not given must not count as given. */
function definedOnly(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
