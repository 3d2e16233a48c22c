import type { z } from 'zod';
import { AppError } from '../errors/app-error.ts';
import type { Effect } from '../events/run-events.ts';
import type { Json } from '../events/json.ts';
import type { FaultHost, ServiceProtocol, Target, TargetKind } from './targets.ts';

/** Whether a fault can work here; if not, why, and what to install or allow. */
export type Check = { readonly ok: true } | { readonly ok: false; readonly why: string; readonly remedy: string };

/** Whether one mode of a kind can work on this machine at all, whatever its target: for `faultline doctor`. */
export interface Availability {
  /** Which way of working, such as `load`; the kind's only one has the name of its target. */
  readonly mode: string;
  readonly check: Check;
}

/** What every injection is told: who it is, and which dice it throws. */
export interface InjectionContext {
  readonly run: string;
  /** The fault's id in the scenario, unique within the run. */
  readonly id: string;
  readonly seed: number;
  /** When the injection must have ended by itself at the latest, in ms from now: workers stop by then even if nobody tells them. */
  readonly limitMs: number;
}

/**
 * A kind of fault. `plan` reads only and yields the undo as plain data; the undo is durable before `inject` runs; `revert` works from
 * that data alone, in any process, any number of times, whether or not `inject` ever ran.
 */
export interface FaultDefinition<Params, Undo extends Json> {
  readonly kind: string;
  /** One line for tables and help. */
  readonly summary: string;
  /** What it can act on. */
  readonly targets: readonly TargetKind[];
  /** What it can act on with these parameters, where that depends on them. */
  targetsFor?(params: Params): readonly TargetKind[];
  /** Absent: works wherever its target exists. */
  availability?(host: FaultHost): readonly Availability[];
  /** Who takes the fault away when nobody else can; named in the docs and in `chaos plan`. */
  readonly undoneBy: 'kernel' | 'guardian';
  /** The parameters as written in a scenario. Strict: unknown names are refused. */
  readonly params: z.ZodType<Params>;
  readonly undo: z.ZodType<Undo>;
  check(params: Params, target: Target, host: FaultHost): Promise<Check>;
  plan(params: Params, target: Target, host: FaultHost, context: InjectionContext): Promise<Undo>;
  inject(
    params: Params,
    undo: Undo,
    target: Target,
    host: FaultHost,
    context: InjectionContext,
    signal: AbortSignal,
  ): Promise<void>;
  /** What it touched and delivered so far; also after `revert`, in the process that injected. */
  effect(params: Params, undo: Undo, host: FaultHost): Promise<Effect>;
  revert(undo: Undo, host: FaultHost): Promise<void>;
  /** How long one attempt of `revert` may take, in ms, where that is more than undoing usually takes. */
  revertLimitMs?(undo: Undo): number | undefined;
  /** The undo in words, for `chaos plan` and `doctor --residue`. */
  describeUndo(undo: Undo): string;
  /** Whether anything of this undo is still in force (for `doctor --residue`). */
  isInForce(undo: Undo, host: FaultHost): Promise<boolean>;
}

/** A fault kind with its private types sealed: data goes in as `unknown`, is checked, and never comes out typed. */
export interface FaultKind {
  readonly kind: string;
  readonly summary: string;
  readonly targets: readonly TargetKind[];
  readonly undoneBy: 'kernel' | 'guardian';
  readonly params: z.ZodType;
  /** The parameters that only this kind has, where others of its family are the same; undefined: all. */
  readonly ownParams?: readonly string[] | undefined;
  /** Parameters that name files: relative ones start at the scenario's folder. */
  readonly fileParams?: readonly string[] | undefined;
  /**
   * Why parameters that are right in themselves mean nothing for a service of this protocol; undefined when they do. Throws AppError when
   * a file that they name cannot be used.
   */
  misfit?(params: unknown, protocol: ServiceProtocol): string | undefined;
  availability?(host: FaultHost): readonly Availability[];
  /**
   * Binds parameters and target to a fault that is ready to be planned. Throws AppError `usage` when the parameters are wrong or do
   * not go with the target.
   */
  bind(params: unknown, target: Target): BoundFault;
  revert(undo: unknown, host: FaultHost): Promise<void>;
  /** How long one attempt of `revert` may take, in ms; undefined: as long as any undo. */
  revertLimitMs?(undo: unknown): number | undefined;
  describeUndo(undo: unknown): string;
  isInForce(undo: unknown, host: FaultHost): Promise<boolean>;
}

export interface BoundFault {
  readonly kind: string;
  readonly target: Target;
  check(host: FaultHost): Promise<Check>;
  plan(host: FaultHost, context: InjectionContext): Promise<Json>;
  inject(undo: Json, host: FaultHost, context: InjectionContext, signal: AbortSignal): Promise<void>;
  effect(undo: Json, host: FaultHost): Promise<Effect>;
}

export function defineFault<Params, Undo extends Json>(definition: FaultDefinition<Params, Undo>): FaultKind {
  const undoOf = (undo: unknown): Undo => definition.undo.parse(undo);
  return {
    kind: definition.kind,
    summary: definition.summary,
    targets: definition.targets,
    undoneBy: definition.undoneBy,
    params: definition.params,
    availability: (host) =>
      definition.availability?.(host) ?? definition.targets.map((mode) => ({ mode, check: { ok: true } })),
    bind(rawParams, target) {
      const params = parseParams(definition.kind, definition.params, rawParams);
      const targets = definition.targetsFor?.(params) ?? definition.targets;
      if (!targets.includes(target.on)) throw wrongTarget(definition.kind, targets, target.on);
      return {
        kind: definition.kind,
        target,
        check: (host) => definition.check(params, target, host),
        plan: (host, context) => definition.plan(params, target, host, context),
        inject: (undo, host, context, signal) => definition.inject(params, undoOf(undo), target, host, context, signal),
        effect: (undo, host) => definition.effect(params, undoOf(undo), host),
      };
    },
    revert: (undo, host) => definition.revert(undoOf(undo), host),
    revertLimitMs: (undo) => definition.revertLimitMs?.(undoOf(undo)),
    describeUndo: (undo) => definition.describeUndo(undoOf(undo)),
    isInForce: (undo, host) => definition.isInForce(undoOf(undo), host),
  };
}

/** Throws AppError `usage` that names every mistake. */
export function parseParams<Params>(kind: string, schema: z.ZodType<Params>, raw: unknown): Params {
  const result = schema.safeParse(raw);
  if (result.success) return result.data;
  const mistakes = result.error.issues.map(({ path, message }) =>
    path.length === 0 ? message : `${path.join('.')}: ${message}`,
  );
  throw new AppError('usage', `the fault \`${kind}\` cannot take these parameters: ${mistakes.join('; ')}`);
}

export function wrongTarget(kind: string, targets: readonly TargetKind[], on: TargetKind): AppError {
  return new AppError(
    'usage',
    `the fault \`${kind}\` with these parameters acts on a ${targets.join(' or a ')}, not on a ${on}`,
  );
}
