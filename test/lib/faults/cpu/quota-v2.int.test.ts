import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { kernelControlGroups, type ControlGroups } from '../../../../src/lib/faults/cpu/control-groups.ts';
import { createCpuFault } from '../../../../src/lib/faults/kinds/cpu.ts';
import type { FaultHost } from '../../../../src/lib/faults/targets.ts';
import { realClock } from '../../../../src/lib/runtime/clock.ts';
import { processTree } from '../../../../src/lib/runtime/processes.ts';
import { startIdle, startNode } from '../../../support/processes.ts';
import { until } from '../../../support/until.ts';
import { requires } from '../../../support/requires.ts';

/**
 * Version 2 of this kernel, for real, but for the CPU controller's own files: those stand in memory, as the controller belongs to
 * version 1 on machines that have both.
 *
 *   made, removed, members, busy  →  /sys/fs/cgroup (or /sys/fs/cgroup/unified)
 *   cpu.*, controllers            →  memory
 */
function hybrid(): ControlGroups {
  const switches = new Map<string, string>();
  const isSwitch = (path: string) => /^cpu\.|^cgroup\.(controllers|subtree_control)$/.test(basename(path));
  return {
    ...kernelControlGroups,
    read(path) {
      if (!isSwitch(path)) return kernelControlGroups.read(path);
      // Version 1 is hidden.
      if (path.includes('cfs') || !path.startsWith(ROOT)) return undefined;
      const fallback: Record<string, string> = { 'cgroup.controllers': 'cpu\n', 'cpu.max': 'max 100000\n' };
      return switches.get(path) ?? fallback[basename(path)];
    },
    mayWrite: (path) => isSwitch(path) || kernelControlGroups.mayWrite(path),
    write(path, text) {
      if (!isSwitch(path)) kernelControlGroups.write(path, text);
      else if (basename(path) === 'cgroup.subtree_control') switches.set(path, text === '+cpu' ? 'cpu\n' : '\n');
      else switches.set(path, `${text}\n`);
    },
  };
}

const ROOT = existsSync('/sys/fs/cgroup/cgroup.controllers') ? '/sys/fs/cgroup' : '/sys/fs/cgroup/unified';
const host: FaultHost = { clock: realClock, proxy: undefined, cgroupRoot: '/sys/fs/cgroup' };
const signal = new AbortController().signal;

const groupOf = (pid: number): string => /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))![1]!;
const newContext = () => ({ run: `v2.${randomBytes(5).toString('hex')}`, id: 'starve', seed: 1, limitMs: 60_000 });

requires('root', 'cgroup-v2').describe('control groups version 2 of this kernel', () => {
  const { it } = requires();

  it('take processes in, with the children they fork, and give them back', async () => {
    const groups = hybrid();
    const kind = createCpuFault(groups);
    const parent = startNode(
      `setTimeout(() => require('child_process').spawn('sleep', ['60'], {stdio: 'ignore'}), 200); setInterval(() => {}, 1e6)`,
    );
    const before = [groupOf(parent.pid), readdirSync(ROOT).sort()];
    const context = newContext();
    const bound = kind.bind({ quota: '20%' }, parent.target);
    expect(await bound.check(host)).toEqual({ ok: true });
    const undo = await bound.plan(host, context);
    onTestFinished(() => kind.revert(undo, host));
    await bound.inject(undo, host, context, signal);
    const ours = `/faultline-${context.run}-starve`;
    expect(groupOf(parent.pid)).toBe(ours);
    expect(groups.read(`${ROOT}${ours}/cpu.max`)).toBe('20000 100000\n');
    expect(groups.read(`${ROOT}/cgroup.subtree_control`)).toBe('cpu\n');

    await until('it has forked', () => processTree(parent.pid).length === 2);
    const child = processTree(parent.pid)[1]!;
    onTestFinished(() => void process.kill(child.pid, 'SIGKILL'));
    expect(groupOf(child.pid)).toBe(ours);

    await kind.revert(JSON.parse(JSON.stringify(undo)), host);
    expect([groupOf(parent.pid), readdirSync(ROOT).sort()]).toEqual(before);
    expect(groupOf(child.pid)).toBe(before[0]);
    expect(groups.read(`${ROOT}/cgroup.subtree_control`)).toBe('\n');
    await kind.revert(undo, host);
  });

  it('let a mark stand in a group that has members, while its limit is changed in place', async () => {
    const groups = hybrid();
    const kind = createCpuFault(groups);
    const idle = startIdle();
    const context = newContext();
    const group = `${ROOT}/test-${context.run}`;
    mkdirSync(group);
    onTestFinished(async () => {
      await idle.kill();
      rmdirSync(group);
    });
    writeFileSync(`${group}/cgroup.procs`, String(idle.pid));
    groups.write(`${group}/cpu.max`, '80000 100000');
    const files = readdirSync(group).sort();
    const bound = kind.bind({ quota: '20%' }, idle.target);
    const undo = await bound.plan(host, context);
    onTestFinished(() => kind.revert(undo, host));
    await bound.inject(undo, host, context, signal);
    expect(groupOf(idle.pid)).toBe(`/test-${context.run}`);
    expect(groups.read(`${group}/cpu.max`)).toBe('20000 100000\n');
    expect(existsSync(`${group}/faultline-${context.run}-starve`)).toBe(true);
    await kind.revert(undo, host);
    expect(groups.read(`${group}/cpu.max`)).toBe('80000 100000\n');
    expect(readdirSync(group).sort()).toEqual(files);
  });
});
