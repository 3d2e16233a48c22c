import type { z } from 'zod';

/** What the scenario file must know of a kind of fault; a FaultKind has all of it. */
export interface FaultSchemaInput {
  readonly kind: string;
  readonly summary: string;
  readonly targets: readonly ('service' | 'process' | 'host')[];
  readonly params: z.ZodType;
}

/** What the scenario file must know of a kind of probe; a ProbeKind has all of it. */
export interface ProbeSchemaInput {
  readonly kind: string;
  readonly summary: string;
  readonly params: z.ZodType;
  readonly expect: z.ZodType;
}

/** The kinds that a scenario may name. */
export interface ScenarioKinds {
  readonly faults: readonly FaultSchemaInput[];
  readonly probes: readonly ProbeSchemaInput[];
}
