import { messageOf } from '../errors/app-error.ts';
import type { RunEvent } from '../events/run-events.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Environment } from '../runtime/environment.ts';
import { readTraceSettings } from './run-trace/settings.ts';

/** The run as one OpenTelemetry trace: a view over the run's events that leaves as spans. */
export interface RunTracer {
  /** Takes in one event; never throws and never waits. */
  onEvent(event: RunEvent): void;
  /** Ends what is open and sends the rest; resolves within `SHUTDOWN_LIMIT_MS`, whatever the endpoint does, and never rejects. */
  shutdown(): Promise<void>;
}

export interface RunTracerOptions {
  readonly clock: Clock;
  /** Of faultline itself, as a resource attribute. */
  readonly version: string;
  /** Told at most once, in one sentence, when spans cannot be delivered. */
  readonly note: (text: string) => void;
}

/**
 * The tracer of a run, or undefined when the environment names no endpoint (OTEL_EXPORTER_OTLP_ENDPOINT or
 * OTEL_EXPORTER_OTLP_TRACES_ENDPOINT), switches tracing off, or asks for a protocol other than gRPC. The OpenTelemetry SDK is loaded only
 * when there is one. Never rejects: a run is not worth less because it cannot be traced.
 */
export async function lookupRunTracer(env: Environment, options: RunTracerOptions): Promise<RunTracer | undefined> {
  const settings = readTraceSettings(env);
  switch (settings.state) {
    case 'off':
      return undefined;
    case 'unsupported':
      options.note(settings.why);
      return undefined;
    case 'on':
      try {
        const { openRunTracer } = await import('./run-trace/open-run-tracer.ts');
        return openRunTracer(settings, options);
      } catch (error) {
        options.note(`this run is not traced: ${messageOf(error)}`);
        return undefined;
      }
  }
}
