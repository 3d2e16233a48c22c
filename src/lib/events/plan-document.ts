import type { Json } from './json.ts';
import type { Phase } from './phase.ts';

/** What a run is going to do, as plain data: recorded with the run, printed by `chaos plan --json`. Offsets are ms from the method's start. */
export interface PlanDocument {
  readonly name: string;
  readonly file: string;
  readonly services: readonly PlannedService[];
  readonly load: { readonly url: string; readonly method: string; readonly ratePerSecond: number } | null;
  readonly probes: readonly {
    readonly name: string;
    readonly kind: string;
    readonly when: readonly Phase[];
    readonly everyMs: number;
  }[];
  readonly faults: readonly PlannedInjection[];
  readonly guards: readonly string[];
  readonly gate: readonly string[];
  readonly beforeMs: number;
  readonly methodMs: number;
  readonly afterMs: number;
  readonly recoverWithinMs: number;
}

export interface PlannedService {
  readonly name: string;
  readonly endpoints: readonly string[];
  readonly listen: string | null;
  readonly command: readonly string[] | null;
}

export interface PlannedInjection {
  readonly id: string;
  readonly kind: string;
  readonly target: string;
  /** The service that it is aimed at, or whose process; null: none. Journals of earlier versions do not say. */
  readonly service?: string | null | undefined;
  /** As written in the scenario. */
  readonly with: Json;
  readonly startMs: number;
  readonly endMs: number;
  /** Who takes it away when the runner is gone: the kernel with the process, or the guardian. */
  readonly undoneBy: 'kernel' | 'guardian';
}
