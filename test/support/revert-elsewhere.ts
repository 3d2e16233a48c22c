import { faultKinds, findFaultKind } from '../../src/lib/faults/registry.ts';
import { realClock } from '../../src/lib/runtime/clock.ts';

// Reverts a fault that another process has injected, from its journaled undo alone:
//   node revert-elsewhere.ts KIND UNDO CGROUP_ROOT

const [kind = '', undo = '', cgroupRoot = ''] = process.argv.slice(2);
await findFaultKind(faultKinds([]), kind).revert(JSON.parse(undo), { clock: realClock, proxy: undefined, cgroupRoot });
