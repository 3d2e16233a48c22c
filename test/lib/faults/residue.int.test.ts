import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { cpuFault } from '../../../src/lib/faults/kinds/cpu.ts';
import { findResidue } from '../../../src/lib/faults/residue.ts';
import type { FaultHost, Target } from '../../../src/lib/faults/targets.ts';
import { realClock } from '../../../src/lib/runtime/clock.ts';
import { startBusy, startNode } from '../../support/processes.ts';
import { FakeControlGroups } from '../../support/fake-control-groups.ts';
import { requires } from '../../support/requires.ts';

const host: FaultHost = { clock: realClock, proxy: undefined, cgroupRoot: '/sys/fs/cgroup' };
const newRun = (): string => `residue.${randomBytes(5).toString('hex')}`;
const residueOf = (run: string) => findResidue(host).filter((item) => item.run === run);

async function injected(run: string, params: object, target: Target): Promise<() => Promise<void>> {
  const context = { run, id: 'f-1', seed: 1, limitMs: 60_000 };
  const bound = cpuFault.bind(params, target);
  const undo = await bound.plan(host, context);
  await bound.inject(undo, host, context, new AbortController().signal);
  return () => cpuFault.revert(undo, host);
}

describe('findResidue', () => {
  it('finds workers with their fault and run', async () => {
    const run = newRun();
    const revert = await injected(run, { load: '5%', cores: 1 }, { on: 'host' });
    expect(residueOf(run)).toEqual([
      { what: 'worker', detail: expect.stringMatching(/^pid \d+: .*cpu-worker.* of fault f-1$/) as string, run },
    ]);
    await revert();
    expect(residueOf(run)).toEqual([]);
  });

  it('finds services that a run has started', async () => {
    const run = newRun();
    const service = startNode('setInterval(() => {}, 1e6)', { env: { ...process.env, FAULTLINE_RUN: run } });
    expect(residueOf(run)).toEqual([
      { what: 'service', detail: expect.stringContaining(`pid ${service.pid}: `) as string, run },
    ]);
    await service.kill();
    expect(residueOf(run)).toEqual([]);
  });

  requires('root', 'cgroup-cpu').it('finds control groups, and who is in them', async () => {
    const run = newRun();
    const busy = startBusy();
    const revert = await injected(run, { quota: '20%' }, busy.target);
    expect(residueOf(run)).toEqual([
      { what: 'control group', detail: expect.stringContaining(`(pid ${busy.pid} inside)`) as string, run },
    ]);
    await revert();
    expect(residueOf(run)).toEqual([]);
  });

  it('finds groups however deep they stand, and an opened controller', () => {
    const groups = new FakeControlGroups(2, '/cg');
    groups.addGroup('/faultline-opened-cpu');
    groups.addGroup('/kubepods/burstable/pod1/c1/faultline-r7-f1');
    groups.addGroup('/system.slice/not-faultline-at-all');
    const found = findResidue({ ...host, cgroupRoot: '/cg' }, groups).filter(({ what }) => what === 'control group');
    expect(found).toEqual([
      {
        what: 'control group',
        detail: '/cg/faultline-opened-cpu (the CPU controller was opened here)',
        run: undefined,
      },
      {
        what: 'control group',
        detail: '/cg/kubepods/burstable/pod1/c1/faultline-r7-f1 (no process inside)',
        run: 'r7',
      },
    ]);
  });
});
