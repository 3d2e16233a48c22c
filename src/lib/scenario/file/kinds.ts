import type { z } from 'zod';
import type { Json } from '../../events/json.ts';
import type { Protocol } from '../scenario.ts';

/** What the scenario file must know of a kind of fault; a FaultKind has all of it. */
export interface FaultSchemaInput {
  readonly kind: string;
  readonly summary: string;
  readonly targets: readonly ('service' | 'process' | 'host')[];
  readonly params: z.ZodType;
  /** Parameters that name files: relative paths start at the folder of the file that they are written in. */
  readonly fileParams?: readonly string[] | undefined;
  /**
   * Why parameters that are right in themselves mean nothing for a service of this protocol; undefined when they do. Throws AppError
   * when a file that they name cannot be used.
   */
  misfit?(params: unknown, protocol: Protocol): string | undefined;
}

/** What the scenario file must know of a kind of probe; a ProbeKind has all of it. */
export interface ProbeSchemaInput {
  readonly kind: string;
  readonly summary: string;
  readonly params: z.ZodType;
  readonly expect: z.ZodType;
}

/** What decides whether a key of a service means anything. */
export interface FrontTraits {
  readonly protocol: Protocol;
}

/** The kinds that a scenario may name. */
export interface ScenarioKinds {
  readonly faults: readonly FaultSchemaInput[];
  readonly probes: readonly ProbeSchemaInput[];
  /** What else may be said of a service: key to its schema. It is handed on as it comes out (`FrontSpec.more`). */
  readonly front?: Readonly<Record<string, z.ZodType>> | undefined;
  /** Why such a key, right in itself, would do nothing there; undefined when it does something. `value` is as written. */
  frontMisfit?(key: string, value: Json, on: FrontTraits): string | undefined;
}
