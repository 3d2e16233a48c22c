import type { ProxyTracer } from '../proxy/tracing.ts';
import type { Environment } from '../runtime/environment.ts';
import { lookupTraced } from './otlp/lookup-traced.ts';
import type { Traced } from './otlp/span-pipeline.ts';

/** What makes spans of the requests that pass a proxy. */
export interface ProxyTracing {
  readonly tracer: ProxyTracer;
  /** Sends the rest; resolves within seconds, whatever the endpoint does, and never rejects. */
  shutdown(): Promise<void>;
}

/**
 * The tracing of a proxy, or undefined when the environment names no OTLP endpoint, switches tracing off, or asks for a protocol other than gRPC.
 * OTEL_TRACES_SAMPLER decides which requests are traced; by default whoever comes with a trace decides, and all others are. Never rejects.
 */
export function lookupProxyTracer(env: Environment, options: Traced): Promise<ProxyTracing | undefined> {
  return lookupTraced(env, 'what passes the proxy is', options.note, async (settings) => {
    const { openProxyTracing } = await import('./proxy-trace/open-proxy-tracing.ts');
    return openProxyTracing(settings, env, options);
  });
}
