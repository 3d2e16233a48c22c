import { z } from 'zod';
import { AppError } from '../errors/app-error.ts';
import type { Json } from '../events/json.ts';
import { isAlive, type ProcessRef } from '../runtime/processes.ts';
import { parseParams, wrongTarget, type BoundFault, type Check, type FaultKind } from './fault.ts';
import type { FaultHost, ProxyPort, ServiceProtocol, Target } from './targets.ts';

/** What the adapter needs of a kind of proxy filter; the proxy's own definitions have this shape. */
export interface FilterKindPort {
  readonly kind: string;
  readonly summary: string;
  readonly params: z.ZodType;
  /** The parameters that only this kind has; the others say who is meant. */
  readonly ownParams: readonly string[];
  /** Parameters that name files. */
  readonly fileParams: readonly string[];
  /** Why these parameters mean nothing on this protocol; undefined when they do. */
  misfit(params: unknown, protocol: ServiceProtocol): string | undefined;
}

type ServiceTarget = Extract<Target, { on: 'service' }>;

type FilterUndo = {
  /** The process that holds the listener: the filter lives and dies with it. */
  readonly owner: { readonly pid: number; readonly startTicks: number };
  readonly service: string;
  readonly id: string;
};

const undoSchema: z.ZodType<FilterUndo> = z.strictObject({
  owner: z.strictObject({ pid: z.int(), startTicks: z.int() }),
  service: z.string(),
  id: z.string(),
});

/**
 * Makes a proxy filter a fault on a service. The kernel undoes it when nobody else does: filters live in the process that holds the
 * listener, and end with it.
 *
 *     inject ──▶ proxy.addFilter(service, id)          revert ──▶ proxy.removeFilter(service, id)    in the owner
 *                                                             ──▶ nothing to do                      after its death
 */
export function filterFault(filter: FilterKindPort): FaultKind {
  return {
    kind: filter.kind,
    summary: filter.summary,
    targets: ['service'],
    undoneBy: 'kernel',
    params: filter.params,
    ownParams: filter.ownParams,
    fileParams: filter.fileParams,
    misfit: (params, protocol) => filter.misfit(params, protocol),
    availability: () => [{ mode: 'service', check: { ok: true } }],
    bind: (params, target) => bindFilter(filter, params, target),
    revert: async (undo, host) => revertFilter(undoSchema.parse(undo), host),
    describeUndo(undo) {
      const { owner, service, id } = undoSchema.parse(undo);
      return `remove filter ${filter.kind} "${id}" from service ${service} (it ends with process ${owner.pid} in any case)`;
    },
    async isInForce(undo, host) {
      const { owner, service, id } = undoSchema.parse(undo);
      const proxy = ownProxy(owner, host);
      return proxy === undefined ? isAlive(owner) : proxy.hasFilter(service, id);
    },
  };
}

/** The parameters stay as written: the proxy, which may be another process, reads them itself. */
function bindFilter(filter: FilterKindPort, params: unknown, target: Target): BoundFault {
  parseParams(filter.kind, filter.params, params);
  if (target.on !== 'service') throw wrongTarget(filter.kind, ['service'], target.on);
  return {
    kind: filter.kind,
    target,
    check: async (host) => checkFilter(filter, params, target, host),
    async plan(host, { id }) {
      const { owner } = findProxy(host);
      return { owner: { pid: owner.pid, startTicks: owner.startTicks }, service: target.service, id };
    },
    async inject(undo, host, context, signal) {
      const { service, id } = undoSchema.parse(undo);
      signal.throwIfAborted();
      findProxy(host).addFilter({ service, id, kind: filter.kind, params, seed: context.seed });
    },
    async effect(undo: Json, host) {
      const { service, id } = undoSchema.parse(undo);
      const effect = host.proxy?.filterEffect(service, id);
      const decisions = { seen: 0, hit: 0, digest: '' };
      return effect ?? { touched: 0, requested: {}, delivered: {}, decisions, note: 'the filter was never in force' };
    },
  };
}

function checkFilter(filter: FilterKindPort, params: unknown, target: ServiceTarget, host: FaultHost): Check {
  const { service, protocol } = target;
  const misfit = filter.misfit(params, protocol);
  if (misfit !== undefined) {
    const remedy = `Set the \`protocol\` of service ${service} to what it speaks, or use another fault.`;
    return { ok: false, why: `${filter.kind} on service ${service}: ${misfit}`, remedy };
  }
  if (host.proxy?.hasService(service)) return { ok: true };
  const remedy = `Give service ${service} a \`listen\` address, and let its clients connect there.`;
  return { ok: false, why: `no proxy fronts service ${service}`, remedy };
}

async function revertFilter({ owner, service, id }: FilterUndo, host: FaultHost): Promise<void> {
  const proxy = ownProxy(owner, host);
  if (proxy !== undefined) proxy.removeFilter(service, id);
  else if (isAlive(owner)) {
    throw new Error(
      `filter "${id}" on service ${service} is held by process ${owner.pid}; only that process can remove it`,
    );
  }
}

/** The proxy of this host, if it is the one that the filter lives in. */
function ownProxy(owner: ProcessRef, host: FaultHost): ProxyPort | undefined {
  const { proxy } = host;
  const isOwner = proxy?.owner.pid === owner.pid && proxy.owner.startTicks === owner.startTicks;
  return isOwner ? proxy : undefined;
}

function findProxy(host: FaultHost): ProxyPort {
  if (host.proxy !== undefined) return host.proxy;
  throw new AppError('invalid', 'there is no proxy in this process');
}
