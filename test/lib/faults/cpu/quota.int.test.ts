import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, onTestFinished } from 'vitest';
import { cpuFault } from '../../../../src/lib/faults/kinds/cpu.ts';
import { findResidue } from '../../../../src/lib/faults/residue.ts';
import type { FaultHost, Target } from '../../../../src/lib/faults/targets.ts';
import { realClock } from '../../../../src/lib/runtime/clock.ts';
import { isAlive, processTree, readTimes, refOf } from '../../../../src/lib/runtime/processes.ts';
import { startBusy, startIdle, startNode } from '../../../support/processes.ts';
import { until } from '../../../support/until.ts';
import { requires } from '../../../support/requires.ts';

const host: FaultHost = { clock: realClock, proxy: undefined, cgroupRoot: '/sys/fs/cgroup' };
const signal = new AbortController().signal;

async function inject(params: object, target: Target) {
  const context = { run: `quota.${randomBytes(5).toString('hex')}`, id: 'starve', seed: 1, limitMs: 60_000 };
  const bound = cpuFault.bind(params, target);
  const undo = await bound.plan(host, context);
  onTestFinished(() => cpuFault.revert(undo, host));
  await bound.inject(undo, host, context, signal);
  return {
    residue: () => findResidue(host).filter(({ run }) => run === context.run),
    effect: () => bound.effect(undo, host),
    revert: () => cpuFault.revert(undo, host),
  };
}

interface Delivered {
  readonly percentOfCore: number;
  readonly waitPercent: number;
  readonly throttledPeriods: number;
  readonly throttledMs: number;
}

const groupOf = (pid: number): string =>
  readFileSync(`/proc/${pid}/cgroup`, 'utf8')
    .split('\n')
    .find((line) => /^\d+:(?:.*,)?cpu(?:,.*)?:/.test(line) || line.startsWith('0::/')) ?? '';

const SIGUSR2 = 12;

/** Starting up takes CPU time too. */
async function untilItRests(pid: number): Promise<void> {
  let before = -1;
  let lookedAtMs = realClock.monotonicMs();
  await until('the process to rest', () => {
    if (realClock.monotonicMs() - lookedAtMs < 300) return false;
    lookedAtMs = realClock.monotonicMs();
    const now = readTimes(pid)?.runNs ?? 0;
    const rests = now === before;
    before = now;
    return rests;
  });
}

/** Whether a process has a handler for a signal: a bit of SigCgt in /proc/PID/status. */
function catches(pid: number, signalNumber: number): boolean {
  const [, mask = '0'] = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return (BigInt(`0x${mask}`) & (1n << BigInt(signalNumber - 1))) !== 0n;
}

requires('root', 'cgroup-cpu').describe('a CPU quota on real processes', () => {
  const { it } = requires();

  // What neighbours on a busy machine take is no work of the quota. On an idle one this is 5 points either way.
  for (const asked of [50, 20, 10]) {
    it(`holds a process to ${asked} percent of a core`, async () => {
      const busy = startBusy();
      const { effect, revert } = await inject({ quota: `${asked}%` }, busy.target);
      const startMs = realClock.monotonicMs();
      await realClock.sleep(3_000);
      const elapsedMs = realClock.monotonicMs() - startMs;
      await revert();
      const { percentOfCore, waitPercent, throttledMs } = (await effect()).delivered as unknown as Delivered;
      const throttledPercent = (100 * throttledMs) / elapsedMs;
      expect(percentOfCore).toBeLessThanOrEqual(asked + 5);
      expect(percentOfCore + Math.max(0, waitPercent - throttledPercent)).toBeGreaterThanOrEqual(asked - 5);
      expect(percentOfCore + waitPercent).toBeGreaterThan(60);
    });
  }

  it('holds several processes to the quota together, with all their threads', async () => {
    const threads = startNode(
      `const {Worker} = require('worker_threads'); for (let i = 0; i < 2; i++) new Worker('for (;;);', {eval: true});`,
    );
    const busy = startBusy();
    await until('the threads run', () => processTree(threads.pid)[0]!.threads > 8);
    const target: Target = { on: 'process', label: 'both', processes: [threads.process, busy.process] };
    const { effect, revert } = await inject({ quota: '30%' }, target);
    await realClock.sleep(1_000);
    await revert();
    const { touched, delivered } = await effect();
    expect(touched).toBe(2);
    expect((delivered as unknown as Delivered).percentOfCore).toBeLessThan(38);
    expect(isAlive(threads.process) && isAlive(busy.process)).toBe(true);
  });

  it('says that a quota never bit a process that wants nothing', async () => {
    const idle = startIdle();
    await untilItRests(idle.pid);
    const { effect, revert } = await inject({ quota: '50%' }, idle.target);
    await realClock.sleep(300);
    await revert();
    expect(await effect()).toMatchObject({
      touched: 0,
      delivered: { throttledPeriods: 0 },
      decisions: { seen: 1, hit: 1 },
      note: expect.stringContaining('the quota never bit') as string,
    });
  });

  it('limits and counts children that are forked meanwhile, and takes them back too', async () => {
    const parent = startNode(
      `process.on('SIGUSR2', () => require('child_process').spawn(process.execPath, ['-e', 'for (;;);'], {stdio: 'ignore'})); setInterval(() => {}, 1e6)`,
    );
    const before = groupOf(parent.pid);
    await until('it listens', () => catches(parent.pid, SIGUSR2));
    const { effect, revert, residue } = await inject({ quota: '20%' }, parent.target);
    parent.child.kill('SIGUSR2');
    await until('there is a child', () => processTree(parent.pid).length === 2);
    const child = processTree(parent.pid)[1]!;
    onTestFinished(() => {
      if (isAlive(child)) process.kill(child.pid, 'SIGKILL');
    });
    expect(residue()).toMatchObject([
      { what: 'control group', detail: expect.stringContaining(String(child.pid)) as string },
    ]);
    await until('the quota bites', async () => (await effect()).touched > 0);
    await revert();
    expect([groupOf(parent.pid), groupOf(child.pid)]).toEqual([before, before]);
    expect(residue()).toEqual([]);
  });

  it('is taken back while the target forks as fast as it can', async () => {
    const child = spawn('/bin/sh', ['-c', 'while :; do /bin/true & /bin/true; done'], { stdio: 'ignore' });
    onTestFinished(() => void child.kill('SIGKILL'));
    const ref = refOf(child.pid!)!;
    const before = groupOf(ref.pid);
    const process = { ...ref, name: 'sh', command: 'sh' };
    const { revert, residue, effect } = await inject(
      { quota: '30%' },
      { on: 'process', label: 'sh', processes: [process] },
    );
    await until('the quota bites', async () => (await effect()).touched > 0);
    await revert();
    expect(groupOf(ref.pid)).toBe(before);
    expect(residue()).toEqual([]);
  });

  it('is taken back after the target was killed', async () => {
    const busy = startBusy();
    const { revert, residue } = await inject({ quota: '20%' }, busy.target);
    expect(residue()).toHaveLength(1);
    await busy.kill();
    await revert();
    expect(residue()).toEqual([]);
  });
});
