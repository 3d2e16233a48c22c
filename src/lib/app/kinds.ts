import type { FaultKind } from '../faults/fault.ts';
import { filterFault } from '../faults/filter-fault.ts';
import { faultKinds } from '../faults/registry.ts';
import type { FaultHost, ProxyPort } from '../faults/targets.ts';
import { FILTER_KINDS } from '../proxy/filter-registry.ts';
import { realClock } from '../runtime/clock.ts';

/** Every fault kind of this version: those of `faults/`, and every filter of the proxy as a fault on a service. */
export function allFaultKinds(): readonly FaultKind[] {
  return faultKinds(FILTER_KINDS.map(filterFault));
}

/** Where Linux mounts control groups. */
export const CGROUP_ROOT = '/sys/fs/cgroup';

/** The outside world for fault kinds; without a proxy in every process but the one that runs a scenario. */
export function createFaultHost(proxy?: ProxyPort): FaultHost {
  return { clock: realClock, proxy, cgroupRoot: CGROUP_ROOT };
}
