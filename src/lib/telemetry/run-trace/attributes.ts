import type { Attributes } from '@opentelemetry/api';
import type { Json } from '../../events/json.ts';
import type { Effect, LoadSummary } from '../../events/run-events.ts';

/** Attributes made from one piece of data; a span holds 128, and a fault's parameters are a dozen. */
const MAX_FLATTENED = 40;

/** Nested data as dotted attributes: `{delayMs: {p50: 300}}` → `prefix.delayMs.p50 = 300`. Lists become text; null is left out. */
export function flattenAttributes(prefix: string, data: Json): Attributes {
  const attributes: Attributes = {};
  let left = MAX_FLATTENED;
  const add = (name: string, value: Json): void => {
    if (value === null || left === 0) return;
    if (isObject(value)) {
      for (const [key, inner] of Object.entries(value)) add(`${name}.${key}`, inner);
      return;
    }
    left--;
    attributes[name] = typeof value === 'object' ? JSON.stringify(value) : value;
  };
  add(prefix, data);
  return attributes;
}

/** What a fault was asked to do beside what it did. */
export function effectAttributes({ touched, requested, delivered, decisions, note }: Effect): Attributes {
  return {
    'faultline.fault.touched': touched,
    ...flattenAttributes('faultline.fault.requested', requested),
    ...flattenAttributes('faultline.fault.delivered', delivered),
    ...flattenAttributes('faultline.fault.decisions', { ...decisions }),
    ...(note === undefined ? {} : { 'faultline.fault.note': note }),
  };
}

/** The load of a phase, in short. */
export function loadAttributes({ sent, ok, errors, errorRatio, latency }: LoadSummary): Attributes {
  return {
    'faultline.load.sent': sent,
    'faultline.load.ok': ok,
    'faultline.load.error_ratio': errorRatio,
    'faultline.load.p50_ms': latency.p50Ms,
    'faultline.load.p99_ms': latency.p99Ms,
    'faultline.load.max_ms': latency.maxMs,
    ...flattenAttributes('faultline.load.errors', errors),
  };
}

function isObject(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
