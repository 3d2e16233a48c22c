import type { Environment } from '../../runtime/environment.ts';

/** What the OpenTelemetry variables of an environment ask for. */
export type TraceSettings =
  { readonly state: 'off' } | { readonly state: 'unsupported'; readonly why: string } | TraceSettingsOn;

export interface TraceSettingsOn {
  readonly state: 'on';
  readonly endpoint: string;
  /** The span that a run belongs to, as a CI job hands it on (W3C trace context in variables); undefined: the run is a trace of its own. */
  readonly parent: { readonly traceparent: string; readonly tracestate: string | undefined } | undefined;
  /** `service.name`; OTEL_SERVICE_NAME when set. */
  readonly serviceName: string;
}

/**
 * Reads the standard variables (OpenTelemetry "Environment Variable Specification"): an empty one counts as not set, and that of the signal
 * goes before the general one. Headers, certificates and compression are read by the exporter itself.
 */
export function readTraceSettings(env: Environment): TraceSettings {
  const lookup = (...names: string[]): string | undefined =>
    names.map((name) => env[name]?.trim()).find((value) => value !== undefined && value !== '');
  const endpoint = lookup('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT');
  const switchedOff =
    lookup('OTEL_SDK_DISABLED')?.toLowerCase() === 'true' || lookup('OTEL_TRACES_EXPORTER') === 'none';
  if (endpoint === undefined || switchedOff) return { state: 'off' };
  const protocol = lookup('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL') ?? 'grpc';
  if (protocol !== 'grpc') {
    return {
      state: 'unsupported',
      why: `traces leave by gRPC only, and OTEL_EXPORTER_OTLP_PROTOCOL asks for ${protocol}; set OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=grpc and an endpoint that speaks it (usually port 4317)`,
    };
  }
  const traceparent = lookup('TRACEPARENT');
  return {
    state: 'on',
    endpoint,
    parent: traceparent === undefined ? undefined : { traceparent, tracestate: lookup('TRACESTATE') },
    serviceName: lookup('OTEL_SERVICE_NAME') ?? 'faultline',
  };
}
