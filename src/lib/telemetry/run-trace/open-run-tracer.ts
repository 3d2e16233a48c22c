import { defaultTextMapGetter, ROOT_CONTEXT, type Context } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOnSampler,
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-node';
import { messageOf } from '../../errors/app-error.ts';
import type { Clock } from '../../runtime/clock.ts';
import { formatDurationMs } from '../../wire/quantities.ts';
import type { RunTracer, RunTracerOptions } from '../run-tracer.ts';
import { RunFold } from './fold.ts';
import type { TraceSettingsOn } from './settings.ts';
import { createWatchedExporter } from './watched-exporter.ts';

/** The longest that a run waits for its last spans after everything else is done. */
export const SHUTDOWN_LIMIT_MS = 3_000;
/** A stalled endpoint gives up before the shutdown does, so that its connection is closed and does not keep the process alive. */
const EXPORT_TIMEOUT_MS = 2_500;
/** Spans become visible while the run goes on, and a run that is killed loses no more than this. */
const EXPORT_PERIOD_MS = 1_000;
/** Spans that wait for a slow endpoint, the size of some minutes of probes; further ones are dropped. */
const MAX_WAITING_SPANS = 4_096;
/** A run of hours with a flapping probe has many breaches; beyond these the SDK drops the oldest. */
const MAX_SPAN_EVENTS = 1_000;

/** Connects the fold of a run's events to the endpoint of `settings`. Throws when the endpoint is no address. */
export function openRunTracer(settings: TraceSettingsOn, options: RunTracerOptions): RunTracer {
  const exporter = new OTLPTraceExporter({ url: settings.endpoint, timeoutMillis: EXPORT_TIMEOUT_MS });
  return createRunTracer(exporter, settings, options);
}

/** The same with any exporter. */
export function createRunTracer(
  exporter: SpanExporter,
  settings: TraceSettingsOn,
  { clock, version, note }: RunTracerOptions,
): RunTracer {
  const noteOnce = once((reason: string) =>
    note(`the run's trace is not delivered to ${withoutLogin(settings.endpoint)}: ${tidy(reason)}`),
  );
  const processor = new BatchSpanProcessor(createWatchedExporter(exporter, noteOnce), {
    scheduledDelayMillis: EXPORT_PERIOD_MS,
    maxQueueSize: MAX_WAITING_SPANS,
  });
  const provider = new BasicTracerProvider({
    resource: defaultResource()
      .merge(detectResources({ detectors: [envDetector] }))
      .merge(resourceFromAttributes({ 'service.name': settings.serviceName, 'service.version': version })),
    // A sampling rate in the environment is meant for services with many requests; of runs there is one.
    sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }),
    spanLimits: { eventCountLimit: MAX_SPAN_EVENTS },
    spanProcessors: [processor],
  });
  const fold = new RunFold(provider.getTracer('faultline', version), parentContext(settings));
  const guarded = (action: () => void): void => {
    try {
      action();
    } catch (error) {
      noteOnce(messageOf(error));
    }
  };
  return {
    onEvent: (event) => guarded(() => fold.onEvent(event)),
    async shutdown() {
      guarded(() => fold.end());
      const closed = provider.shutdown().catch((error: unknown) => {
        noteOnce(messageOf(error));
        // A batch that failed leaves the exporter open, and its connection would keep the process alive.
        return exporter.shutdown();
      });
      await withinLimit(clock, closed, noteOnce);
    },
  };
}

/** Waits for `work`, but no longer than the limit; whatever goes wrong is noted. */
async function withinLimit(clock: Clock, work: Promise<void>, note: (reason: string) => void): Promise<void> {
  const late = Promise.withResolvers<undefined>();
  const cancel = clock.after(SHUTDOWN_LIMIT_MS, () => {
    note(`no answer within ${formatDurationMs(SHUTDOWN_LIMIT_MS)}`);
    late.resolve(undefined);
  });
  await Promise.race([work.catch((error: unknown) => note(messageOf(error))), late.promise]);
  cancel();
}

/** The span that TRACEPARENT names, else none. A malformed one counts as none. */
function parentContext({ parent }: TraceSettingsOn): Context {
  if (!parent) return ROOT_CONTEXT;
  const { traceparent, tracestate } = parent;
  const carrier = tracestate === undefined ? { traceparent } : { traceparent, tracestate };
  return new W3CTraceContextPropagator().extract(ROOT_CONTEXT, carrier, defaultTextMapGetter);
}

/** A URL may hold a name and a password; notes do not. */
function withoutLogin(url: string): string {
  return url.replace(/\/\/[^/@]*@/, '//');
}

/** gRPC ends its messages with a label that has nothing behind it. */
function tidy(reason: string): string {
  return reason.replace(/\s*Resolution note:\s*$/, '');
}

function once(action: (reason: string) => void): (reason: string) => void {
  let done = false;
  return (reason) => {
    if (done) return;
    done = true;
    action(reason);
  };
}
