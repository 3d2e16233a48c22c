import type { Json, JsonObject } from '../../events/json.ts';
import { scopeShape } from '../../proxy/scope.ts';
import type { Direction } from '../../proxy/views.ts';
import type { GoJson } from './go-json.ts';
import type { Rules } from './rules.ts';

/** As they are shown. A bigint is an integer that a number cannot hold. */
export type Attributes = Readonly<Record<string, Json | bigint>>;

/** What of a toxic decides what is done. */
export interface ToxicSettings {
  readonly direction: Direction;
  readonly toxicity: number;
  readonly attributes: Attributes;
}

/** A filter of the proxy, with its parameters as in a scenario. */
export interface ToxicFilter {
  readonly kind: string;
  readonly params: JsonObject;
}

/** One type of toxic: how its attributes are written, and what does it. */
export interface ToxicType {
  readonly type: string;
  /** What is not given stays as it was `before`, or is the default of a new toxic. Throws ApiError 400. */
  readAttributes(value: GoJson | undefined, before: Attributes | undefined, rules: Rules): Attributes;
  /** Undefined when nothing is to be done. Throws ApiError 400. */
  filterOf(settings: ToxicSettings, rules: Rules): ToxicFilter | undefined;
}

/** Attributes that any toxic may have besides its own: who is meant. How many of them, is `toxicity`. */
export const SELECTION: readonly string[] = Object.keys(scopeShape).filter((name) => name !== 'percent');

/** The toxicity as a filter's `percent`; lenient, it is brought into its range. */
export function percentOf(toxicity: number, rules: Rules): string {
  return formatShare(within(toxicity, { name: 'toxicity', least: 0, most: 1 }, rules));
}

export interface Range {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  readonly unit?: string;
}

/** Minds a number outside its range; lenient, it counts as the nearest within. */
export function within(value: number, { name, least, most, unit }: Range, rules: Rules): number {
  if (value >= least && value <= most) return value;
  const nearestValue = Math.min(most, Math.max(least, value));
  const range = most === Infinity ? `${least} or more` : `${least} to ${most}`;
  rules.mind(
    `${name} is ${value}: give ${range}${unit === undefined ? '' : ` (${unit})`}`,
    `it counts as ${nearestValue}`,
  );
  return nearestValue;
}

/** 0.25 → `25%`. Never with an exponent, which percentages are not written with. */
export function formatShare(fraction: number): string {
  const percent = fraction * 100;
  const text = String(percent);
  return `${text.includes('e') ? percent.toFixed(20) : text}%`;
}
