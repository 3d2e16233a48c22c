import { z } from 'zod';
import { AppError } from '../../errors/app-error.ts';
import type { Effect } from '../../events/run-events.ts';
import { kernelControlGroups, type ControlGroups } from '../cpu/control-groups.ts';
import {
  checkLoad,
  describeLoadUndo,
  injectLoad,
  isLoadInForce,
  loadUndoSchema,
  planLoad,
  revertLoad,
} from '../cpu/load.ts';
import { digestDecisions, lookupMeasurement } from '../measured.ts';
import { cpuParamsSchema, type CpuParams } from '../cpu/params.ts';
import { planQuota } from '../cpu/quota-plan.ts';
import { revertQuota } from '../cpu/quota-revert.ts';
import { quotaUndoSchema } from '../cpu/quota-undo.ts';
import { describeQuotaUndo, injectQuota, isQuotaInForce, quotaAvailability } from '../cpu/quota.ts';
import { defineFault, type FaultKind } from '../fault.ts';
import type { Target, TargetProcess } from '../targets.ts';

const cpuUndoSchema = z.discriminatedUnion('mode', [loadUndoSchema, quotaUndoSchema]);
type CpuUndo = z.infer<typeof cpuUndoSchema>;

/** The fault `cpu`: load on the whole host, or a quota for some processes. Tests hand in control groups of their own. */
export function createCpuFault(groups: ControlGroups = kernelControlGroups): FaultKind {
  return defineFault<CpuParams, CpuUndo>({
    kind: 'cpu',
    summary: 'starve: load the host by a share of its cores, or limit a process to a share of one',
    targets: ['host', 'process'],
    targetsFor: (params) => (params.mode === 'load' ? ['host'] : ['process']),
    undoneBy: 'guardian',
    params: cpuParamsSchema,
    undo: cpuUndoSchema,

    availability: (host) => [{ mode: 'load', check: { ok: true } }, quotaAvailability(host, groups)],

    async check(params, target, host) {
      if (params.mode === 'load') return checkLoad(params);
      const plan = planQuota(params, processesOf(target), host, { run: 'check', id: 'check' }, groups);
      return plan.ok ? { ok: true } : plan;
    },

    async plan(params, target, host, context) {
      if (params.mode === 'load') return planLoad(params, context);
      const plan = planQuota(params, processesOf(target), host, context, groups);
      if (!plan.ok) throw new AppError('invalid', plan.why, { hint: plan.remedy });
      return plan.undo;
    },

    async inject(params, undo, target, host, context, signal) {
      if (params.mode === 'load' && undo.mode === 'load') {
        await injectLoad(params, undo, host, context.limitMs, signal);
      } else if (params.mode === 'quota' && undo.mode === 'quota') {
        await injectQuota(params, undo, processesOf(target), host, groups, signal);
      } else {
        throw new Error(`a plan for ${undo.mode} cannot be carried out as ${params.mode}`);
      }
    },

    async effect(params, undo) {
      return lookupMeasurement(undo.mark)?.effect() ?? notMeasured(params);
    },

    async revert(undo, host) {
      await (undo.mode === 'load' ? revertLoad(undo, host) : revertQuota(undo, host, groups));
    },

    describeUndo: (undo) => (undo.mode === 'load' ? describeLoadUndo(undo) : describeQuotaUndo(undo)),

    isInForce: async (undo, host) => (undo.mode === 'load' ? isLoadInForce(undo) : isQuotaInForce(undo, host, groups)),
  });
}

export const cpuFault = createCpuFault();

function processesOf(target: Target): readonly TargetProcess[] {
  return target.on === 'process' ? target.processes : [];
}

function notMeasured(params: CpuParams): Effect {
  return {
    touched: 0,
    requested: { percent: params.percent },
    delivered: {},
    decisions: { seen: 0, hit: 0, digest: digestDecisions('cpu', []) },
    note: 'it was not injected by this process, which is the only one that could have measured it',
  };
}
