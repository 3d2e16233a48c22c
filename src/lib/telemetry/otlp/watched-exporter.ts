import type { SpanExporter } from '@opentelemetry/sdk-trace-node';
import { messageOf } from '../../errors/app-error.ts';

/** The same exporter, with `onFailure` told of each batch that it could not deliver. */
export function createWatchedExporter(inner: SpanExporter, onFailure: (reason: string) => void): SpanExporter {
  return {
    export(spans, done) {
      try {
        inner.export(spans, (result) => {
          if (result.error) onFailure(result.error.message);
          done(result);
        });
      } catch (error) {
        onFailure(messageOf(error));
        throw error;
      }
    },
    forceFlush: () => inner.forceFlush?.() ?? Promise.resolve(),
    shutdown: () => inner.shutdown(),
  };
}
