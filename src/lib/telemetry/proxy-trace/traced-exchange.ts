import { SpanStatusCode, type Span } from '@opentelemetry/api';
import type { ExchangeOutcome, ExchangeTrace, FaultDeed } from '../../proxy/tracing.ts';
import type { SpanPipeline } from '../otlp/span-pipeline.ts';
import { addressAttributes, outcomeAttributes } from './attributes.ts';
import { errorType } from './error-type.ts';

export interface ExchangeSpans {
  readonly server: Span;
  readonly client: Span;
  readonly headers: Readonly<Record<string, string>>;
  readonly pipeline: Pick<SpanPipeline, 'guarded'>;
}

/** The two spans of one request while it is under way. Never throws. */
export class TracedExchange implements ExchangeTrace {
  readonly headers: Readonly<Record<string, string>>;
  readonly #spans: ExchangeSpans;
  #deeds = 0;
  #delayMs = 0;

  constructor(spans: ExchangeSpans) {
    this.headers = spans.headers;
    this.#spans = spans;
  }

  /** Each deed is an event; the span itself says which fault was the first, and how long all have held the request back. */
  fault({ fault, kind, action, delayMs }: FaultDeed): void {
    const { client, pipeline } = this.#spans;
    pipeline.guarded(() => {
      const deed = {
        'faultline.fault.id': fault,
        'faultline.fault.kind': kind,
        'faultline.fault.action': action,
        ...(delayMs === undefined ? {} : { 'faultline.fault.delay_ms': delayMs }),
      };
      client.addEvent('faultline.fault', deed);
      if (this.#deeds++ === 0) client.setAttributes(deed);
      this.#delayMs += delayMs ?? 0;
    });
  }

  end(outcome: ExchangeOutcome): void {
    const { server, client, pipeline } = this.#spans;
    pipeline.guarded(() => {
      const attributes = outcomeAttributes(outcome);
      if (this.#delayMs > 0) client.setAttribute('faultline.fault.delay_ms', this.#delayMs);
      if (outcome.endpoint !== undefined) client.setAttributes(addressAttributes(outcome.endpoint));
      for (const [span, side] of [[client, 'client'] as const, [server, 'server'] as const]) {
        span.setAttributes(attributes);
        const failure = errorType(outcome, side);
        if (failure !== undefined) span.setAttribute('error.type', failure).setStatus({ code: SpanStatusCode.ERROR });
        span.end();
      }
    });
  }
}
