import { SpanStatusCode, trace, type Attributes, type Context, type Span, type Tracer } from '@opentelemetry/api';

/** A span that has begun, with the context that makes others its children. */
export interface OpenSpan {
  readonly span: Span;
  readonly context: Context;
}

/** Begins a span at a time of the past or present, in ms since the Unix epoch. */
export function openSpan(
  tracer: Tracer,
  parent: Context,
  name: string,
  startUnixMs: number,
  attributes: Attributes,
): OpenSpan {
  const span = tracer.startSpan(name, { startTime: startUnixMs, attributes }, parent);
  return { span, context: trace.setSpan(parent, span) };
}

/** Marks a span as failed, with the reason that a waterfall shows. */
export function failSpan({ span }: OpenSpan, reason: string): void {
  span.setStatus({ code: SpanStatusCode.ERROR, message: reason });
}
