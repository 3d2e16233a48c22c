import type { Context, Tracer } from '@opentelemetry/api';
import type { Phase, RunEventOf } from '../../events/run-events.ts';
import { loadAttributes } from './attributes.ts';
import { failSpan, openSpan, type OpenSpan } from './open-span.ts';

interface PhaseSpan extends OpenSpan {
  /** Undefined while the phase goes on. */
  endUnixMs: number | undefined;
  isEnded: boolean;
}

/**
 * The spans of the phases, with every probe's results inside. What the load measured in a phase is known only after the next has begun, so
 * a phase's span is ended, at the time when the phase ended, as soon as that has come, and by the end of the run at the latest.
 *
 *   phase before  ├──────────┤
 *     probe gateway  ├┤ ├┤ ├┤
 *   phase during             ├───────────────────┤
 */
export class PhaseSpans {
  readonly #tracer: Tracer;
  readonly #phases = new Map<Phase, PhaseSpan>();

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  onStarted(event: RunEventOf<'phase.started'>, run: Context): void {
    this.#close(event.unixMs);
    const span = openSpan(this.#tracer, run, `phase ${event.phase}`, event.unixMs, { 'faultline.phase': event.phase });
    this.#phases.set(event.phase, { ...span, endUnixMs: undefined, isEnded: false });
  }

  onLoad(event: RunEventOf<'load.phase'>): void {
    const phase = this.#phases.get(event.phase);
    if (!phase || phase.isEnded) return;
    phase.span.setAttributes(loadAttributes(event.summary));
    if (phase.endUnixMs !== undefined) end(phase, phase.endUnixMs);
  }

  onProbe(event: RunEventOf<'probe.result'>, run: Context, runStartUnixMs: number): void {
    const startUnixMs = runStartUnixMs + event.startedMs;
    const parent = this.#phases.get(event.phase)?.context ?? run;
    const probe = openSpan(this.#tracer, parent, `probe ${event.probe}`, startUnixMs, {
      'faultline.probe': event.probe,
      'faultline.probe.kind': event.kind,
      'faultline.probe.ok': event.ok,
      'faultline.probe.counts': event.counts,
      'faultline.probe.value': event.value,
    });
    if (!event.ok && event.counts) failSpan(probe, event.reason ?? event.value);
    probe.span.end(startUnixMs + event.tookMs);
  }

  endAll(unixMs: number): void {
    this.#close(unixMs);
    for (const phase of this.#phases.values()) if (!phase.isEnded) end(phase, phase.endUnixMs ?? unixMs);
  }

  #close(unixMs: number): void {
    for (const phase of this.#phases.values()) phase.endUnixMs ??= unixMs;
  }
}

function end(phase: PhaseSpan, unixMs: number): void {
  phase.span.end(unixMs);
  phase.isEnded = true;
}
