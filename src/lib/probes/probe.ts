import type { z } from 'zod';
import { AppError } from '../errors/app-error.ts';
import { describeMistakes } from './mistakes.ts';
import { measureWithin, type Measure, type ProbeHost, type ProbeOutcome } from './measure.ts';

export type { ProbeHost, ProbeOutcome } from './measure.ts';

/** A kind of probe. */
export interface ProbeDefinition<Params, Expect> {
  readonly kind: string;
  readonly summary: string;
  /** Strict: unknown names are refused. */
  readonly params: z.ZodType<Params>;
  /** The tolerance; everything in it is optional, and each kind states its default (http: status 200-399). */
  readonly expect: z.ZodType<Expect>;
  /** One probe with its parameters and tolerance. What it must remember between two measurements lives in its closure. */
  create(params: Params, expect: Expect): Measure;
}

export type BoundProbe = (
  host: ProbeHost,
  timeoutMs: number,
  signal?: AbortSignal,
) => Promise<ProbeOutcome & { readonly tookMs: number }>;

/** A probe kind with its private types sealed. */
export interface ProbeKind {
  readonly kind: string;
  readonly summary: string;
  readonly params: z.ZodType;
  readonly expect: z.ZodType;
  /**
   * Checks parameters and tolerance once (AppError `usage` names every mistake); what comes back measures, and never throws.
   * Aborting the signal ends a measurement at once, as a failed one.
   */
  bind(params: unknown, expect: unknown): BoundProbe;
}

export function defineProbe<Params, Expect>(definition: ProbeDefinition<Params, Expect>): ProbeKind {
  const { kind, summary, params, expect } = definition;
  return {
    kind,
    summary,
    params,
    expect,
    bind(rawParams, rawExpect) {
      const measure = definition.create(
        check(kind, 'with', params, rawParams),
        check(kind, 'expect', expect, rawExpect),
      );
      return (host, timeoutMs, signal) => measureWithin(measure, host, timeoutMs, signal);
    },
  };
}

function check<Value>(kind: string, part: string, schema: z.ZodType<Value>, raw: unknown): Value {
  const result = schema.safeParse(raw ?? {});
  if (result.success) return result.data;
  const mistakes = describeMistakes(result.error, part);
  throw new AppError('usage', `probe ${kind}: ${mistakes.join('; ')}`, { details: mistakes });
}
