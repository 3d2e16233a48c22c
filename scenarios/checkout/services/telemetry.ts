import {
  context,
  propagation,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
} from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider, type SpanProcessor } from '@opentelemetry/sdk-trace-node';
import type { IncomingHttpHeaders } from 'node:http';

/**
 * OpenTelemetry by hand, once for the three services: one span around each request that comes in, one around each call that goes out.
 *
 *     traceparent, baggage ──► ┌ server span ───────────────┐
 *                              │   ┌ client span ────────┐ ─┼─► traceparent, baggage
 *                              │   └─────────────────────┘  │
 *                              └────────────────────────────┘
 *
 * Attribute names are those of the OpenTelemetry semantic conventions for HTTP.
 */

const tracer = trace.getTracer('checkout-demo');

export interface Reply {
  status: number;
  body: unknown;
  headers?: Record<string, string>;
}

/** Registers the tracer and W3C propagation. Spans leave the process only when an OTLP endpoint is set. Resolves to what flushes them. */
export async function startTelemetry(service: string): Promise<() => Promise<void>> {
  const resource = resourceFromAttributes({ 'service.name': service });
  const provider = new NodeTracerProvider({ resource, spanProcessors: await exportProcessors() });
  provider.register();
  return () => provider.shutdown();
}

/** The exporter brings all of gRPC along, so it is loaded only where spans have somewhere to go. */
async function exportProcessors(): Promise<SpanProcessor[]> {
  const { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SDK_DISABLED } = process.env;
  if (OTEL_SDK_DISABLED === 'true' || !(OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? OTEL_EXPORTER_OTLP_ENDPOINT)) return [];
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-grpc');
  // A collector that does not answer must not hold up the end of the service.
  const exporter = new OTLPTraceExporter({ timeoutMillis: 2000 });
  return [new BatchSpanProcessor(exporter, { scheduledDelayMillis: 500 })];
}

/** Runs `handle` in a server span that continues the caller's trace. */
export function traceRequest(
  request: { method: string; path: string; route: string; headers: IncomingHttpHeaders },
  handle: () => Promise<Reply>,
): Promise<Reply> {
  const { method, path, route } = request;
  const parent = propagation.extract(context.active(), request.headers);
  const attributes = {
    'http.request.method': method,
    'http.route': route,
    'url.path': path,
    'url.scheme': 'http',
  };
  return inSpan({ name: `${method} ${route}`, kind: SpanKind.SERVER, parent, attributes, errorFrom: 500 }, handle);
}

/** Runs `send` in a client span, with the headers that let the other side continue the trace. */
export function traceCall(
  method: string,
  url: URL,
  send: (headers: Record<string, string>) => Promise<Reply>,
): Promise<Reply> {
  const parent = context.active();
  const attributes = {
    'http.request.method': method,
    'url.full': url.href,
    'server.address': url.hostname,
    'server.port': Number(url.port),
  };
  return inSpan({ name: method, kind: SpanKind.CLIENT, parent, attributes, errorFrom: 400 }, () => {
    const headers = {};
    propagation.inject(context.active(), headers);
    return send(headers);
  });
}

/** Marks a moment on the span that is under way. */
export function addSpanEvent(name: string, attributes: Attributes): void {
  trace.getActiveSpan()?.addEvent(name, attributes);
}

interface SpanOptions {
  name: string;
  kind: SpanKind;
  parent: Context;
  attributes: Attributes;
  /** Statuses from here on are errors: a 4xx is one to the client, not to the server. */
  errorFrom: number;
}

function inSpan(options: SpanOptions, work: () => Promise<Reply>): Promise<Reply> {
  const { name, kind, parent, errorFrom } = options;
  const attributes = { ...options.attributes, ...baggageAttributes(parent) };
  return tracer.startActiveSpan(name, { kind, attributes }, parent, async (span) => {
    try {
      const reply = await work();
      span.setAttribute('http.response.status_code', reply.status);
      if (reply.status >= errorFrom) {
        span.setStatus({ code: SpanStatusCode.ERROR });
        span.setAttribute('error.type', String(reply.status));
      }
      return reply;
    } catch (error) {
      const { name: type, message } = error instanceof Error ? error : new Error(String(error));
      span.recordException({ name: type, message });
      span.setStatus({ code: SpanStatusCode.ERROR, message });
      span.setAttribute('error.type', type);
      throw error;
    } finally {
      span.end();
    }
  });
}

/** `baggage: chaos.run=…,chaos.request=…` as attributes, so that one query finds every span of a run. */
function baggageAttributes(from: Context): Attributes {
  const entries = propagation.getBaggage(from)?.getAllEntries() ?? [];
  return Object.fromEntries(
    entries.filter(([key]) => key.startsWith('chaos.')).map(([key, { value }]) => [key, value]),
  );
}
