import { defaultTextMapGetter, ROOT_CONTEXT, type Context } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { AlwaysOnSampler, ParentBasedSampler } from '@opentelemetry/sdk-trace-node';
import type { TraceSettingsOn } from '../otlp/settings.ts';
import { openSpanPipeline, type Traced } from '../otlp/span-pipeline.ts';
import type { RunTracer } from '../run-tracer.ts';
import { RunFold } from './fold.ts';

/** The size of some minutes of probes. */
const MAX_WAITING_SPANS = 4_096;
/** A run of hours with a flapping probe has many breaches; beyond these the SDK drops the oldest. */
const MAX_SPAN_EVENTS = 1_000;

/** Connects the fold of a run's events to the endpoint of `settings`. Throws when the endpoint is no address. */
export function openRunTracer(settings: TraceSettingsOn, traced: Traced): RunTracer {
  const pipeline = openSpanPipeline(settings, {
    ...traced,
    subject: "the run's trace is",
    // A sampling rate in the environment is meant for services with many requests; of runs there is one.
    sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }),
    spanLimits: { eventCountLimit: MAX_SPAN_EVENTS },
    maxWaitingSpans: MAX_WAITING_SPANS,
  });
  const fold = new RunFold(pipeline.tracer, parentContext(settings));
  return {
    onEvent: (event) => pipeline.guarded(() => fold.onEvent(event)),
    async shutdown() {
      pipeline.guarded(() => fold.end());
      await pipeline.shutdown();
    },
  };
}

/** The span that TRACEPARENT names, else none. A malformed one counts as none. */
function parentContext({ parent }: TraceSettingsOn): Context {
  if (!parent) return ROOT_CONTEXT;
  const { traceparent, tracestate } = parent;
  const carrier = tracestate === undefined ? { traceparent } : { traceparent, tracestate };
  return new W3CTraceContextPropagator().extract(ROOT_CONTEXT, carrier, defaultTextMapGetter);
}
