import type { z } from 'zod';
import type { JsonObject } from '../events/json.ts';

/** The head of a request, as a filter sees it. Header names are in lower case; values as sent. */
export interface RequestView {
  readonly method: string;
  /** Path without the query. */
  readonly path: string;
  header(name: string): string | undefined;
}

/** What a filter decides about a request or a connection. Filters decide; the engine waits, answers and resets. */
export type FilterAction =
  | { readonly do: 'delay'; readonly delayMs: number }
  | {
      readonly do: 'respond';
      readonly status: number;
      readonly headers: readonly (readonly [string, string])[];
      readonly body: Buffer;
    }
  | { readonly do: 'reset' };

/** The dice for one request or connection: the same answers for the same (seed, fault, key, index), whatever else happens. */
export interface Dice {
  /** A fraction in [0, 1); `salt` tells apart several throws for one decision. */
  fraction(salt: string): number;
}

/**
 * A fault's part inside the proxy. Pure: no clock, no socket, no chance but the dice. `undefined` lets the request or chunk pass.
 * A filter without `onRequest` does not act on HTTP, one without `onConnection` and `onChunk` not on raw TCP.
 */
export interface Filter {
  /** Whether the request is one that the fault is meant for; it is then counted as seen. */
  matches?(request: RequestView): boolean;
  onRequest?(request: RequestView, dice: Dice): FilterAction | undefined;
  onConnection?(dice: Dice): FilterAction | undefined;
  /** A chunk of a raw TCP stream of a connection that was chosen. */
  onChunk?(
    chunk: { readonly bytes: number; readonly direction: 'upstream' | 'downstream' },
    dice: Dice,
  ): FilterAction | undefined;
}

export interface FilterDefinition<Params> {
  readonly kind: string;
  readonly summary: string;
  readonly protocols: readonly ('http' | 'tcp')[];
  readonly params: z.ZodType<Params>;
  /** The parameters in base units, as an effect reports them. */
  requested(params: Params): JsonObject;
  create(params: Params): Filter;
}

/** A filter kind with its private types sealed. */
export interface FilterKind {
  readonly kind: string;
  readonly summary: string;
  readonly protocols: readonly ('http' | 'tcp')[];
  readonly params: z.ZodType;
  bind(params: unknown): { readonly filter: Filter; readonly requested: JsonObject };
}

export function defineFilter<Params>(definition: FilterDefinition<Params>): FilterKind {
  return {
    kind: definition.kind,
    summary: definition.summary,
    protocols: definition.protocols,
    params: definition.params,
    bind(raw) {
      const params = definition.params.parse(raw);
      return { filter: definition.create(params), requested: definition.requested(params) };
    },
  };
}
