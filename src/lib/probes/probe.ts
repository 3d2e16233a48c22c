import type { z } from 'zod';
import type { Clock } from '../runtime/clock.ts';

/** One measurement. Out of tolerance is a value, never an exception. */
export interface ProbeOutcome {
  readonly ok: boolean;
  /** What was measured, in short: `200 in 12 ms`, `rss 84.1 MiB`. */
  readonly value: string;
  /** Which tolerance was broken and by what; absent when ok. */
  readonly reason?: string | undefined;
}

/** Resolves processes by the name of a service of the scenario; given by whoever started the services. */
export interface ProbeHost {
  readonly clock: Clock;
  /** Pids of a service that this run started; undefined when it is not one of them. */
  servicePids(service: string): readonly number[] | undefined;
  /** The directory that relative commands run in. */
  readonly directory: string;
}

export interface ProbeDefinition<Params, Expect> {
  readonly kind: string;
  readonly summary: string;
  readonly params: z.ZodType<Params>;
  /** The tolerance; everything in it is optional, and each kind states its default (http: status 200-399). */
  readonly expect: z.ZodType<Expect>;
  /** Measures once. The signal is aborted at the probe's timeout or when the run ends; then a timeout is the outcome. */
  measure(params: Params, expect: Expect, host: ProbeHost, signal: AbortSignal): Promise<ProbeOutcome>;
}

/** A probe kind with its private types sealed. */
export interface ProbeKind {
  readonly kind: string;
  readonly summary: string;
  readonly params: z.ZodType;
  readonly expect: z.ZodType;
  /** Checks parameters and tolerance once; what comes back measures, and never throws. */
  bind(
    params: unknown,
    expect: unknown,
  ): (host: ProbeHost, timeoutMs: number, signal?: AbortSignal) => Promise<ProbeOutcome & { readonly tookMs: number }>;
}
