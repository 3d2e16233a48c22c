import type { RunEvent } from '../events/run-events.ts';
import type { Environment } from '../runtime/environment.ts';
import { lookupTraced } from './otlp/lookup-traced.ts';
import type { Traced } from './otlp/span-pipeline.ts';

/** The run as one OpenTelemetry trace: a view over the run's events that leaves as spans. */
export interface RunTracer {
  /** Takes in one event; never throws and never waits. */
  onEvent(event: RunEvent): void;
  /** Ends what is open and sends the rest; resolves within seconds, whatever the endpoint does, and never rejects. */
  shutdown(): Promise<void>;
}

/**
 * The tracer of a run, or undefined when the environment names no endpoint (OTEL_EXPORTER_OTLP_ENDPOINT or
 * OTEL_EXPORTER_OTLP_TRACES_ENDPOINT), switches tracing off, or asks for a protocol other than gRPC. Never rejects.
 */
export function lookupRunTracer(env: Environment, options: Traced): Promise<RunTracer | undefined> {
  return lookupTraced(env, 'this run is', options.note, async (settings) => {
    const { openRunTracer } = await import('./run-trace/open-run-tracer.ts');
    return openRunTracer(settings, options);
  });
}
