import type { Tracer } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor, type Sampler, type SpanLimits } from '@opentelemetry/sdk-trace-node';
import { messageOf } from '../../errors/app-error.ts';
import type { Clock } from '../../runtime/clock.ts';
import { formatDurationMs } from '../../wire/quantities.ts';
import type { TraceSettingsOn } from './settings.ts';
import { createWatchedExporter } from './watched-exporter.ts';

/** The longest that anybody waits for the last spans after everything else is done. */
const SHUTDOWN_LIMIT_MS = 3_000;
/** A stalled endpoint gives up before the shutdown does, so that its connection is closed and does not keep the process alive. */
const EXPORT_TIMEOUT_MS = 2_500;
/** Spans become visible soon, and a process that is killed loses no more than this. */
const EXPORT_PERIOD_MS = 1_000;

/** Who makes spans, and tells of failures. */
export interface Traced {
  readonly clock: Clock;
  /** Of faultline itself, as a resource attribute. */
  readonly version: string;
  /** Told at most once, in one sentence, when spans cannot be delivered. */
  readonly note: (text: string) => void;
}

export interface SpanPipelineOptions extends Traced {
  /** What is not delivered when spans are not: `the run's trace is`. */
  readonly subject: string;
  readonly sampler: Sampler;
  readonly spanLimits: SpanLimits;
  /** Spans that may wait for a slow endpoint; further ones are dropped. */
  readonly maxWaitingSpans: number;
}

/** The way of spans from who makes them to the endpoint. */
export interface SpanPipeline {
  readonly tracer: Tracer;
  /** Runs something that must not hurt who calls it: what it throws is noted, once. */
  guarded(action: () => void): void;
  /** Sends the rest; resolves within `SHUTDOWN_LIMIT_MS`, whatever the endpoint does, and never rejects. */
  shutdown(): Promise<void>;
}

/** Opens the way to the endpoint of `settings`. Throws when that is no address. */
export function openSpanPipeline(settings: TraceSettingsOn, options: SpanPipelineOptions): SpanPipeline {
  const { clock, version, note, subject, sampler, spanLimits, maxWaitingSpans } = options;
  const exporter = new OTLPTraceExporter({ url: settings.endpoint, timeoutMillis: EXPORT_TIMEOUT_MS });
  const noteOnce = once((reason: string) =>
    note(`${subject} not delivered to ${withoutLogin(settings.endpoint)}: ${tidy(reason)}`),
  );
  const processor = new BatchSpanProcessor(createWatchedExporter(exporter, noteOnce), {
    scheduledDelayMillis: EXPORT_PERIOD_MS,
    maxQueueSize: maxWaitingSpans,
  });
  const provider = new BasicTracerProvider({
    resource: defaultResource()
      .merge(detectResources({ detectors: [envDetector] }))
      .merge(resourceFromAttributes({ 'service.name': settings.serviceName, 'service.version': version })),
    sampler,
    spanLimits,
    spanProcessors: [processor],
  });
  return {
    tracer: provider.getTracer('faultline', version),
    guarded(action) {
      try {
        action();
      } catch (error) {
        noteOnce(messageOf(error));
      }
    },
    async shutdown() {
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
