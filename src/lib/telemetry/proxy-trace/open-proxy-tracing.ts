import { ROOT_CONTEXT, SpanKind, trace, type TextMapGetter, type TextMapSetter, type Tracer } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import type { ExchangeStart, ExchangeTrace } from '../../proxy/tracing.ts';
import type { RequestView } from '../../proxy/views.ts';
import type { Environment } from '../../runtime/environment.ts';
import { createSampler } from '../otlp/sampler.ts';
import type { TraceSettingsOn } from '../otlp/settings.ts';
import { openSpanPipeline, type SpanPipeline, type Traced } from '../otlp/span-pipeline.ts';
import type { ProxyTracing } from '../proxy-tracer.ts';
import { clientAttributes, serverAttributes, spanName } from './attributes.ts';
import { TracedExchange } from './traced-exchange.ts';

/** A second of some thousand requests, two spans each; what comes faster than the endpoint takes it is better sampled than kept. */
const MAX_WAITING_SPANS = 16_384;
/** Faults that act on one request: a handful, or one message after another of a long stream, of which the last are kept. */
const MAX_SPAN_EVENTS = 128;
/** Paths and hosts come from clients, who may send many kilobytes. */
const MAX_VALUE_CHARS = 1_024;

const PROPAGATOR = new W3CTraceContextPropagator();
const INTO_HEADERS: TextMapSetter<Record<string, string>> = { set: (headers, name, value) => (headers[name] = value) };
const HEADERS: TextMapGetter<RequestView> = { keys: () => [], get: (request, name) => request.header(name) };

/** Connects the requests of a proxy to the endpoint of `settings`. Throws when the endpoint is no address. */
export function openProxyTracing(settings: TraceSettingsOn, env: Environment, traced: Traced): ProxyTracing {
  const pipeline = openSpanPipeline(settings, {
    ...traced,
    subject: 'spans of the proxy are',
    sampler: createSampler(env),
    spanLimits: { eventCountLimit: MAX_SPAN_EVENTS, attributeValueLengthLimit: MAX_VALUE_CHARS },
    maxWaitingSpans: MAX_WAITING_SPANS,
  });
  return {
    tracer: { begin: (start) => guardedBegin(pipeline, start) },
    shutdown: () => pipeline.shutdown(),
  };
}

function guardedBegin(pipeline: SpanPipeline, start: ExchangeStart): ExchangeTrace | undefined {
  let begun: ExchangeTrace | undefined;
  pipeline.guarded(() => (begun = begin(pipeline, start)));
  return begun;
}

/**
 * The proxy's two ends of a request, within the trace that the client came with:
 *
 *   client's span                  ├──────────────────────────────────┤
 *     GET (server, what we got)      ├──────────────────────────────┤
 *       GET (client, what we sent)   ├──────────────────────────────┤    with what faults did
 *         service's span                     ├───────────────────┤
 */
function begin(pipeline: SpanPipeline, start: ExchangeStart): ExchangeTrace | undefined {
  const { tracer } = pipeline;
  const parent = PROPAGATOR.extract(ROOT_CONTEXT, start.request, HEADERS);
  const name = spanName(start);
  const server = tracer.startSpan(name, { kind: SpanKind.SERVER }, parent);
  if (!server.isRecording()) return undefined;
  server.setAttributes(serverAttributes(start));
  const client = startClient(tracer, name, start, trace.setSpan(parent, server));
  const headers: Record<string, string> = {};
  PROPAGATOR.inject(trace.setSpan(parent, client), headers, INTO_HEADERS);
  return new TracedExchange({ server, client, headers, pipeline });
}

function startClient(tracer: Tracer, name: string, start: ExchangeStart, parent: typeof ROOT_CONTEXT) {
  return tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes: clientAttributes(start) }, parent);
}
