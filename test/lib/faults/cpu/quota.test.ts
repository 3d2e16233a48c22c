import { describe, expect, it } from 'vitest';
import { groupName, runOfGroup } from '../../../../src/lib/faults/cpu/quota-undo.ts';
import type { Check } from '../../../../src/lib/faults/fault.ts';
import { createCpuFault } from '../../../../src/lib/faults/kinds/cpu.ts';
import { findResidue } from '../../../../src/lib/faults/residue.ts';
import type { FaultHost, Target } from '../../../../src/lib/faults/targets.ts';
import { realClock } from '../../../../src/lib/runtime/clock.ts';
import { FakeClock } from '../../../../src/lib/runtime/fake-clock.ts';
import type { ProcessRef } from '../../../../src/lib/runtime/processes.ts';
import { FakeControlGroups } from '../../../support/fake-control-groups.ts';

const context = { run: 'r1', id: 'starve', seed: 1, limitMs: 1000 };
const signal = new AbortController().signal;
const aim = (...refs: readonly ProcessRef[]): Target => ({
  on: 'process',
  label: 'payments',
  processes: refs.map((ref) => ({ ...ref, name: 'node', command: 'node payments.js' })),
});
const errno = (code: string) => Object.assign(new Error(code), { code });

/** A machine with control groups of a version, and the fault on it. */
function machine(version: 1 | 2) {
  const root = version === 1 ? '/cg/cpu' : '/cg';
  const groups = new FakeControlGroups(version, root);
  const kind = createCpuFault(groups);
  const host: FaultHost = { clock: realClock, proxy: undefined, cgroupRoot: '/cg' };
  const bind = (target: Target, quota = '20%') => kind.bind({ quota }, target);
  const check = (target: Target, quota?: string): Promise<Check> => bind(target, quota).check(host);
  const plan = (target: Target, quota?: string) => bind(target, quota).plan(host, context);
  const inject = async (target: Target, quota?: string) => {
    const undo = await plan(target, quota);
    await bind(target, quota).inject(undo, host, context, signal);
    return undo;
  };
  return { groups, kind, host, bind, check, plan, inject };
}

describe('a quota in control groups version 1', () => {
  it('makes a group below that of the processes, and moves them back', async () => {
    const { groups, inject, kind, host } = machine(1);
    const target = aim(groups.addProcess(10, '/'), groups.addProcess(11, '/'));
    groups.addProcess(12, '/');
    const before = groups.fingerprint();
    const undo = await inject(target);
    expect([10, 11, 12].map((pid) => groups.groupOf(pid))).toEqual([
      '/faultline-r1-starve',
      '/faultline-r1-starve',
      '/',
    ]);
    expect(groups.value('/faultline-r1-starve', 'cpu.cfs_quota_us')).toBe('20000');
    expect(kind.describeUndo(undo)).toBe('move 2 processes back to control group / and remove /faultline-r1-starve');
    await kind.revert(undo, host);
    expect(groups.fingerprint()).toBe(before);
  });

  it('sets the limit before it moves, and lifts it before it moves back', async () => {
    const { groups, inject, kind, host } = machine(1);
    const undo = await inject(aim(groups.addProcess(10, '/')));
    await kind.revert(undo, host);
    expect(groups.changes).toEqual([
      'mkdir /faultline-r1-starve',
      '/faultline-r1-starve/cpu.cfs_quota_us = -1',
      '/faultline-r1-starve/cpu.cfs_period_us = 100000',
      '/faultline-r1-starve/cpu.cfs_quota_us = 20000',
      '/faultline-r1-starve/cgroup.procs = 10',
      '/faultline-r1-starve/cpu.cfs_quota_us = -1',
      '/faultline-r1-starve/cpu.cfs_period_us = 100000',
      '/cgroup.procs = 10',
      'rmdir /faultline-r1-starve',
    ]);
  });

  it('goes below the nearest group that all of them are in, so that outer limits stay', async () => {
    const { groups, inject, kind, host } = machine(1);
    for (const group of ['/app/a', '/app/b/c', '/app-other']) groups.addGroup(group);
    const target = aim(groups.addProcess(10, '/app/a'), groups.addProcess(11, '/app/b/c'));
    groups.addProcess(12, '/app/a');
    const before = groups.fingerprint();
    const undo = await inject(target);
    expect([10, 11, 12].map((pid) => groups.groupOf(pid))).toEqual([
      '/app/faultline-r1-starve',
      '/app/faultline-r1-starve',
      '/app/a',
    ]);
    await kind.revert(undo, host);
    expect(groups.fingerprint()).toBe(before);
  });

  it('changes the limit in place where the processes have a group to themselves', async () => {
    const { groups, inject, kind, host } = machine(1);
    groups.addGroup('/docker/3f2a', {
      'cpu.cfs_quota_us': '150000',
      'cpu.cfs_period_us': '100000',
      'cpu.cfs_burst_us': '50000',
    });
    const target = aim(groups.addProcess(10, '/docker/3f2a'), groups.addProcess(11, '/docker/3f2a'));
    const before = groups.fingerprint();
    const undo = await inject(target);
    expect(groups.groupOf(10)).toBe('/docker/3f2a');
    expect(groups.value('/docker/3f2a', 'cpu.cfs_quota_us')).toBe('20000');
    expect(groups.value('/docker/3f2a', 'cpu.cfs_burst_us')).toBe('0');
    expect(kind.describeUndo(undo)).toBe(
      'give control group /docker/3f2a (2 processes) its CPU limit back: 150000 of 100000 µs',
    );
    expect(findResidue(host, groups).filter(({ what }) => what === 'control group')).toMatchObject([{ run: 'r1' }]);
    await kind.revert(undo, host);
    expect(groups.fingerprint()).toBe(before);
  });

  it('does not change in place what others are in, not even further down', async () => {
    const { groups, inject } = machine(1);
    groups.addGroup('/app/inner');
    const target = aim(groups.addProcess(10, '/app'));
    groups.addProcess(11, '/app/inner');
    await inject(target);
    expect(groups.groupOf(10)).toBe('/app/faultline-r1-starve');
    expect(groups.value('/app', 'cpu.cfs_quota_us')).toBe('-1');
  });

  it('takes the part of the tree that a container sees for the whole', async () => {
    const { groups, inject, kind, host } = machine(1);
    groups.mounted = '/docker/3f2a';
    const target = aim(groups.addProcess(10, '/'));
    const before = groups.fingerprint();
    const undo = await inject(target);
    expect(groups.groupOf(10)).toBe('/faultline-r1-starve');
    await kind.revert(undo, host);
    expect(groups.fingerprint()).toBe(before);
  });
});

describe('a quota in control groups version 2', () => {
  it('opens the controller in the root only where it is closed, and closes it again', async () => {
    const { groups, inject, kind, host } = machine(2);
    const target = aim(groups.addProcess(10, '/'));
    const before = groups.fingerprint();
    const undo = await inject(target);
    expect(groups.value('/faultline-r1-starve', 'cpu.max')).toBe('20000 100000');
    expect(groups.groupOf(10)).toBe('/faultline-r1-starve');
    expect(groups.value('/', 'cgroup.subtree_control')).toBe('cpu');
    await kind.revert(undo, host);
    expect(groups.fingerprint()).toBe(before);
  });

  it('leaves the controller alone where it is open', async () => {
    const { groups, inject, kind, host } = machine(2);
    groups.handDown('/');
    const target = aim(groups.addProcess(10, '/'));
    const before = groups.fingerprint();
    const undo = await inject(target);
    expect(undo).toMatchObject({ opensController: false });
    await kind.revert(undo, host);
    expect(groups.fingerprint()).toBe(before);
  });

  it('changes the limit of a service in place', async () => {
    const { groups, inject, kind, host } = machine(2);
    groups.addGroup('/system.slice/api.service');
    groups.handDown('/');
    groups.handDown('/system.slice');
    const target = aim(groups.addProcess(10, '/system.slice/api.service'));
    groups.write('/cg/system.slice/api.service/cpu.max', '90000 100000');
    groups.write('/cg/system.slice/api.service/cpu.max.burst', '30000');
    const before = groups.fingerprint();
    const undo = await inject(target);
    expect(groups.value('/system.slice/api.service', 'cpu.max')).toBe('20000 100000');
    expect(groups.value('/system.slice/api.service', 'cpu.max.burst')).toBe('0');
    await kind.revert(undo, host);
    expect(groups.fingerprint()).toBe(before);
  });

  it('makes a group beside a service that has other processes too, below the same slice', async () => {
    const { groups, inject, kind, host } = machine(2);
    groups.addGroup('/system.slice/api.service');
    groups.handDown('/');
    groups.handDown('/system.slice');
    const target = aim(groups.addProcess(10, '/system.slice/api.service'));
    groups.addProcess(11, '/system.slice/api.service');
    const before = groups.fingerprint();
    const undo = await inject(target);
    expect(groups.groupOf(10)).toBe('/system.slice/faultline-r1-starve');
    await kind.revert(undo, host);
    expect(groups.fingerprint()).toBe(before);
  });

  it('goes to the root where no slice hands the controller down', async () => {
    const { groups, inject, kind, host } = machine(2);
    groups.addGroup('/user.slice/session.scope');
    const target = aim(groups.addProcess(10, '/user.slice/session.scope'));
    const before = groups.fingerprint();
    const undo = await inject(target);
    expect(groups.groupOf(10)).toBe('/faultline-r1-starve');
    await kind.revert(undo, host);
    expect(groups.fingerprint()).toBe(before);
  });

  it('keeps the controller open for another fault of ours; the last to go closes it', async () => {
    const { groups, kind, host, bind } = machine(2);
    const [first, second] = [aim(groups.addProcess(10, '/')), aim(groups.addProcess(11, '/'))];
    const before = groups.fingerprint();
    const undos = [];
    for (const [index, target] of [first, second].entries()) {
      const own = { ...context, id: `f${index}` };
      const undo = await bind(target).plan(host, own);
      await bind(target).inject(undo, host, own, signal);
      undos.push(undo);
    }
    await kind.revert(undos[0], host);
    expect(groups.value('/faultline-r1-f1', 'cpu.max')).toBe('20000 100000');
    await kind.revert(undos[1], host);
    expect(groups.fingerprint()).toBe(before);
  });

  it('does not close the controller under somebody who has come to rely on it', async () => {
    const { groups, inject, kind, host } = machine(2);
    groups.addGroup('/new.slice');
    const undo = await inject(aim(groups.addProcess(10, '/')));
    groups.write('/cg/new.slice/cpu.max', '50000 100000');
    await kind.revert(undo, host);
    expect(groups.value('/new.slice', 'cpu.max')).toBe('50000 100000');
    expect(groups.children('/cg')).toEqual(['new.slice']);
  });

  it('closes the controller also when the injection came no further', async () => {
    const { groups, plan, bind, kind, host } = machine(2);
    const target = aim(groups.addProcess(10, '/'));
    const before = groups.fingerprint();
    const undo = await plan(target);
    groups.closed.add('/cg/cgroup.subtree_control');
    await expect(bind(target).inject(undo, host, context, signal)).rejects.toThrow('cannot set a CPU quota: EACCES');
    groups.closed.clear();
    await kind.revert(undo, host);
    expect(groups.fingerprint()).toBe(before);
  });
});

describe.each([1, 2] as const)('taking back a quota, version %d', (version) => {
  it('moves children that were forked during the fault to where their parents came from', async () => {
    const { groups, inject, kind, host } = machine(version);
    groups.addGroup('/a');
    groups.addGroup('/b');
    const target = aim(groups.addProcess(10, '/a'), groups.addProcess(20, '/b'));
    for (const [pid, group] of [
      [19, '/a'],
      [29, '/b'],
    ] as const)
      groups.addProcess(pid, group);
    const undo = await inject(target);
    const ours = groups.groupOf(10)!;
    groups.addProcess(11, ours, 10);
    groups.addProcess(21, ours, 20);
    groups.addProcess(22, ours, 21);
    // Its parent has ended: nobody knows where it came from.
    groups.addProcess(23, ours, 1);
    await kind.revert(undo, host);
    expect([10, 11, 20, 21, 22, 23].map((pid) => groups.groupOf(pid))).toEqual(['/a', '/a', '/b', '/b', '/b', '/a']);
    expect(groups.has(groups.at(ours))).toBe(false);
  });

  it('takes a new process with an old number for a new one', async () => {
    const { groups, inject, kind, host } = machine(version);
    groups.addGroup('/a');
    groups.addGroup('/b');
    groups.addProcess(19, '/a');
    groups.addProcess(29, '/b');
    const undo = await inject(aim(groups.addProcess(20, '/b'), groups.addProcess(10, '/a')));
    const ours = groups.groupOf(10)!;
    groups.processes.delete(10);
    groups.processes.set(10, { pid: 10, startTicks: 999, ppid: 20, group: groups.at(ours) });
    await kind.revert(undo, host);
    expect(groups.groupOf(10)).toBe('/b');
  });

  it('goes on while processes are still being forked', async () => {
    const { groups, inject, kind, host } = machine(version);
    const undo = await inject(aim(groups.addProcess(10, '/')));
    groups.busyFor.set(groups.at('/faultline-r1-starve'), 3);
    await kind.revert(undo, host);
    expect(groups.has(groups.at('/faultline-r1-starve'))).toBe(false);
  });

  it('gives up loudly on a group that stays busy, with nobody starved any more', async () => {
    const { groups, inject, kind } = machine(version);
    const undo = await inject(aim(groups.addProcess(10, '/')));
    groups.busyFor.set(groups.at('/faultline-r1-starve'), Infinity);
    const clock = new FakeClock();
    const reverted = expect(kind.revert(undo, { clock, proxy: undefined, cgroupRoot: '/cg' })).rejects.toThrow('EBUSY');
    await clock.advance(3_000);
    await reverted;
    expect(groups.groupOf(10)).toBe('/');
    expect(groups.value('/faultline-r1-starve', version === 1 ? 'cpu.cfs_quota_us' : 'cpu.max')).toMatch(
      /^(-1|max 100000)$/,
    );
  });

  it('moves up to what is left where the old group is gone', async () => {
    const { groups, inject, kind, host } = machine(version);
    groups.addGroup('/a/b');
    groups.addProcess(19, '/a/b');
    const undo = await inject(aim(groups.addProcess(10, '/a/b')));
    groups.processes.delete(19);
    const isBelow = groups.groupOf(10)?.startsWith('/a/b/');
    if (!isBelow) groups.remove(groups.at('/a/b'));
    await kind.revert(undo, host);
    expect(groups.groupOf(10)).toBe(isBelow ? '/a/b' : '/a');
  });

  it('takes along groups that the target made inside of ours', async () => {
    const { groups, inject, kind, host } = machine(version);
    const undo = await inject(aim(groups.addProcess(10, '/')));
    groups.addGroup('/faultline-r1-starve/x/y');
    groups.addProcess(11, '/faultline-r1-starve/x/y', 10);
    await kind.revert(undo, host);
    expect([10, 11].map((pid) => groups.groupOf(pid))).toEqual(['/', '/']);
    expect(groups.children(groups.root)).toEqual([]);
  });

  it('is harmless when the target has ended, its group with it', async () => {
    const { groups, inject, kind, host } = machine(version);
    groups.addGroup('/docker');
    groups.handDownIfAny('/');
    groups.addGroup('/docker/3f2a');
    groups.handDownIfAny('/docker');
    const undo = await inject(aim(groups.addProcess(10, '/docker/3f2a')));
    expect(undo).toMatchObject({ inPlace: { group: '/docker/3f2a' } });
    groups.processes.clear();
    groups.remove(groups.at('/docker/3f2a/faultline-r1-starve'));
    groups.remove(groups.at('/docker/3f2a'));
    await kind.revert(undo, host);
    await kind.revert(undo, host);
    expect(groups.children(groups.at('/docker'))).toEqual([]);
  });

  it('does not touch a limit that another has set since, once it was reverted', async () => {
    const { groups, inject, kind, host } = machine(version);
    groups.addGroup('/docker');
    groups.handDownIfAny('/');
    groups.addGroup('/docker/3f2a');
    groups.handDownIfAny('/docker');
    const undo = await inject(aim(groups.addProcess(10, '/docker/3f2a')));
    await kind.revert(undo, host);
    const [file, value] = version === 1 ? ['cpu.cfs_quota_us', '70000'] : ['cpu.max', '70000 100000'];
    groups.write(`${groups.at('/docker/3f2a')}/${file}`, value);
    await kind.revert(undo, host);
    expect(groups.value('/docker/3f2a', file)).toBe(value);
  });

  it('shows an error that is neither `gone` nor `busy`', async () => {
    const { groups, inject, kind, host } = machine(version);
    const undo = await inject(aim(groups.addProcess(10, '/')));
    const write = groups.write.bind(groups);
    groups.write = (path, text) => {
      if (path === `${groups.root}/cgroup.procs`) throw errno('EPERM');
      write(path, text);
    };
    await expect(kind.revert(undo, host)).rejects.toThrow('EPERM');
  });

  it('refuses an undo that points at anything but a group of ours', async () => {
    const { groups, plan, kind, host } = machine(version);
    const undo = await plan(aim(groups.addProcess(10, '/')));
    for (const group of ['/docker/3f2a', '/../faultline-x', 'faultline-x', '/faultline-x/y']) {
      expect(() => kind.revert({ ...(undo as object), group }, host)).toThrow();
    }
  });
});

describe.each([1, 2] as const)('injecting a quota, version %d', (version) => {
  it('leaves out processes that have ended, and later ones of the same number', async () => {
    const { groups, plan, bind, host, kind } = machine(version);
    const target = aim(groups.addProcess(10, '/'), groups.addProcess(11, '/'), groups.addProcess(12, '/'));
    const undo = await plan(target);
    groups.processes.delete(10);
    groups.processes.set(11, { pid: 11, startTicks: 999, ppid: 1, group: groups.root });
    await bind(target).inject(undo, host, context, signal);
    expect([11, 12].map((pid) => groups.groupOf(pid))).toEqual(['/', '/faultline-r1-starve']);
    expect((await bind(target).effect(undo, host)).decisions).toMatchObject({ seen: 3, hit: 1 });
    await kind.revert(undo, host);
  });

  it('fails when nobody is left', async () => {
    const { groups, plan, bind, host } = machine(version);
    const target = aim(groups.addProcess(10, '/'));
    const undo = await plan(target);
    groups.processes.clear();
    await expect(bind(target).inject(undo, host, context, signal)).rejects.toThrow('every process of the target ended');
  });

  it('reports a quota that never bit as nothing touched', async () => {
    const { groups, inject, bind, host } = machine(version);
    const target = aim(groups.addProcess(10, '/'));
    const undo = await inject(target);
    expect(await bind(target).effect(undo, host)).toMatchObject({
      touched: 0,
      note: expect.stringContaining('the quota never bit') as string,
    });
  });

  it('reports what the kernel held back, up to the moment of the revert', async () => {
    const { groups, inject, bind, kind, host } = machine(version);
    const target = aim(groups.addProcess(10, '/'));
    const undo = await inject(target);
    const time = version === 1 ? 'throttled_time 2500000000' : 'throttled_usec 2500000';
    groups.addGroup('/faultline-r1-starve', { 'cpu.stat': `nr_periods 40\nnr_throttled 31\n${time}\n` });
    await kind.revert(undo, host);
    expect(await bind(target).effect(undo, host)).toMatchObject({
      touched: 1,
      requested: { percentOfCore: 20, periodMs: 100 },
      delivered: { throttledPeriods: 31, throttledMs: 2500 },
      decisions: { seen: 1, hit: 1 },
    });
  });
});

describe.each([1, 2] as const)('a quota that cannot work, version %d', (version) => {
  const refusalOf = async (check: Promise<Check>): Promise<string> => {
    const result = await check;
    return result.ok ? 'ok' : `${result.why} | ${result.remedy}`;
  };

  it('is refused where a limit is at least as tight already', async () => {
    const { groups, check } = machine(version);
    groups.addGroup('/docker');
    groups.handDownIfAny('/');
    const limit: Record<string, string> =
      version === 1 ? { 'cpu.cfs_quota_us': '10000' } : { 'cpu.max': '10000 100000' };
    groups.addGroup('/docker', limit);
    groups.addGroup('/docker/3f2a');
    const target = aim(groups.addProcess(10, '/docker/3f2a'));
    expect(await refusalOf(check(target))).toBe(
      'control group /docker already limits the target to 10% of a core | ask for a quota below 10%',
    );
    expect(await refusalOf(check(target, '9%'))).toBe('ok');
  });

  it('is refused on a process that is under one of ours', async () => {
    const { groups, check, inject } = machine(version);
    const target = aim(groups.addProcess(10, '/'));
    await inject(target);
    expect(await refusalOf(check(target, '10%'))).toContain(
      'is under a quota of faultline already: /faultline-r1-starve',
    );
  });

  it('is refused on a group whose limit one of ours has changed in place', async () => {
    const { groups, check, inject } = machine(version);
    groups.addGroup('/docker');
    groups.handDownIfAny('/');
    groups.addGroup('/docker/3f2a');
    groups.handDownIfAny('/docker');
    const target = aim(groups.addProcess(10, '/docker/3f2a'));
    await inject(target);
    expect(await refusalOf(check(target, '10%'))).toContain('/docker/3f2a/faultline-r1-starve');
  });

  it('is refused without the right to write, naming the file', async () => {
    const { groups, check, plan } = machine(version);
    const target = aim(groups.addProcess(10, '/'));
    groups.closed.add(`${groups.root}/cgroup.procs`);
    expect(await refusalOf(check(target))).toMatch(/\/cgroup\.procs cannot be written \| run as root/);
    await expect(plan(target)).rejects.toThrow(expect.objectContaining({ exitName: 'invalid' }));
  });

  it('is refused without a process', async () => {
    const { groups, check } = machine(version);
    const ref = groups.addProcess(10, '/');
    groups.processes.clear();
    expect(await refusalOf(check(aim(ref)))).toContain('no process is left of node (pid 10)');
    expect(await refusalOf(check(aim()))).toContain('the target has no process');
  });

  it('is refused on a process whose group cannot be seen from here', async () => {
    const { groups, check } = machine(version);
    groups.mounted = '/docker/3f2a';
    const target = aim(groups.addProcess(10, '/'));
    groups.membershipOf = () => (version === 1 ? '1:cpu:/other\n' : '0::/other\n');
    expect(await refusalOf(check(target))).toContain('cannot be seen under');
  });

  it('is refused on more processes than an undo can name', async () => {
    const { groups, check } = machine(version);
    const refs = Array.from({ length: 33 }, (_, i) => groups.addProcess(100 + i, '/'));
    expect(await refusalOf(check(aim(...refs)))).toContain('33 processes in too many control groups');
    expect(await refusalOf(check(aim(...refs.slice(1))))).toBe('ok');
  });

  it('is refused on processes in so many groups that an undo would not fit', async () => {
    const { groups, check, plan } = machine(version);
    const long =
      'kubepods-burstable-pod0123456789abcdef0123456789abcdef.slice/cri-containerd-0123456789abcdef0123456789abcdef';
    const refs = Array.from({ length: 32 }, (_, i) => {
      groups.addGroup(`/${long}-${i}`);
      return groups.addProcess(100 + i, `/${long}-${i}`);
    });
    expect(await refusalOf(check(aim(...refs)))).toContain('too many control groups');
    expect(JSON.stringify(await plan(aim(...refs.slice(0, 20)))).length).toBeLessThan(3_500);
  });
});

it('is refused in a namespace whose root has members and does not hand the controller down', async () => {
  const { groups, check } = machine(2);
  groups.directories.get('/cg')!.set('cgroup.type', 'domain\n');
  const target = aim(groups.addProcess(10, '/'));
  expect(await check(target)).toMatchObject({
    ok: false,
    why: expect.stringContaining('is not the root of the host') as string,
  });
});

describe('names of groups', () => {
  it.each([
    ['r1', 'starve', 'faultline-r1-starve'],
    ['20240101-a1b2', 'f.1', 'faultline-20240101-a1b2-f.1'],
  ])('of run %s and fault %s are plain', (run, id, name) => {
    expect(groupName({ run, id })).toBe(name);
    expect(runOfGroup(name)).toBe(run);
  });

  it.each(['starve payments', 'starve-payments', 'starve/payments', 'ünïcode', 'x'.repeat(500)])(
    'are safe for a fault %s, and tell its run',
    (id) => {
      const name = groupName({ run: 'a-b', id });
      expect(name).toMatch(/^faultline-a-b-[\w.]+$/);
      expect(name.length).toBeLessThan(200);
      expect(runOfGroup(name)).toBe('a-b');
      expect(name).not.toBe(groupName({ run: 'a-b', id: `${id}!` }));
    },
  );

  it('keep faults apart that differ in what cannot stand in a name', () => {
    expect(groupName({ run: 'r', id: 'a-b' })).not.toBe(groupName({ run: 'r', id: 'a_b' }));
    expect(groupName({ run: 'r', id: 'a-b' })).not.toBe(groupName({ run: 'r', id: 'a/b' }));
  });
});
