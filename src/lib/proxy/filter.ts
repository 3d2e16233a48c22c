import type { z } from 'zod';
import type { JsonObject } from '../events/json.ts';

export type Protocol = 'http' | 'tcp';
/** Upstream is what the client sends, downstream what the service sends. */
export type Direction = 'upstream' | 'downstream';

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

/** For a connection also: it is chosen, and `onChunk` decides about its chunks one by one. */
export type ConnectionAction = FilterAction | { readonly do: 'watch' };

/** The dice for one request or connection: the same answers for the same (seed, fault, key, index), whatever else happens. */
export interface Dice {
  /** A fraction in [0, 1); `salt` tells apart several throws for one decision. */
  fraction(salt: string): number;
}

/**
 * A fault's part inside the proxy. Pure: no clock, no socket, no chance but the dice. `undefined` lets the request or chunk pass.
 * A filter without `onRequest` does not act on HTTP, one without `onConnection` not on raw TCP.
 */
export interface Filter {
  /** Whether the request is one that the fault is meant for; it is then counted as seen. */
  matches?(request: RequestView): boolean;
  onRequest?(request: RequestView, dice: Dice): FilterAction | undefined;
  /** Asked once per connection: when it arrives, or at once for those that are open when the filter is added. */
  onConnection?(dice: Dice): ConnectionAction | undefined;
  /** A chunk of a raw TCP stream of a connection that is watched. */
  onChunk?(chunk: { readonly bytes: number; readonly direction: Direction }, dice: Dice): FilterAction | undefined;
}

export interface FilterDefinition<Params> {
  readonly kind: string;
  readonly summary: string;
  readonly protocols: readonly Protocol[];
  readonly params: z.ZodType<Params>;
  /** Why these parameters mean nothing on this protocol; absent when any do. */
  misfit?(params: Params, protocol: Protocol): string | undefined;
  /** The parameters in base units, as an effect reports them. */
  requested(params: Params): JsonObject;
  create(params: Params): Filter;
}

/** A filter kind with its private types sealed. */
export interface FilterKind {
  readonly kind: string;
  readonly summary: string;
  readonly protocols: readonly Protocol[];
  readonly params: z.ZodType;
  /** Why the parameters, as written, mean nothing on this protocol; undefined when they do. Throws ZodError when they are wrong. */
  misfit(params: unknown, protocol: Protocol): string | undefined;
  /** Throws ZodError when the parameters are wrong. */
  bind(params: unknown): { readonly filter: Filter; readonly requested: JsonObject };
}

export function defineFilter<Params>(definition: FilterDefinition<Params>): FilterKind {
  return {
    kind: definition.kind,
    summary: definition.summary,
    protocols: definition.protocols,
    params: definition.params,
    misfit: (raw, protocol) => definition.misfit?.(definition.params.parse(raw), protocol),
    bind(raw) {
      const params = definition.params.parse(raw);
      return { filter: definition.create(params), requested: definition.requested(params) };
    },
  };
}
