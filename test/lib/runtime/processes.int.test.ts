import { randomBytes } from 'node:crypto';
import { chmodSync, copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  argumentsOf,
  bootId,
  commandLineOf,
  controlGroupsOf,
  findMarked,
  isAlive,
  isKernelThread,
  listMarked,
  listProcesses,
  lookupProcess,
  markOf,
  processTree,
  protectedPids,
  readTimes,
  refOf,
  selfRef,
  signalGroup,
  signalProcess,
} from '../../../src/lib/runtime/processes.ts';
import { startBusy, startIdle, startNode } from '../../support/processes.ts';
import { until } from '../../support/until.ts';
import { temporaryDirectory } from '../../support/temp.ts';

const NOBODY = 2 ** 30;

describe('processes', () => {
  it('finds a process with what /proc says of it', () => {
    const { pid } = startIdle();
    const info = lookupProcess(pid)!;
    expect(info).toMatchObject({ pid, ppid: process.pid });
    expect(info.startTicks).toBeGreaterThanOrEqual(selfRef().startTicks);
    expect(info.threads).toBeGreaterThan(0);
    expect(listProcesses().map((process) => process.pid)).toEqual(expect.arrayContaining([1, process.pid, pid]));
  });

  it('reads a name with spaces and parentheses in it', async () => {
    const program = join(temporaryDirectory(), 'a) S 1 (b');
    copyFileSync('/bin/sleep', program);
    chmodSync(program, 0o755);
    const child = spawn(program, ['60'], { stdio: 'ignore' });
    onTestFinished(() => void child.kill('SIGKILL'));
    await until('the program runs', () => lookupProcess(child.pid!)?.name === 'a) S 1 (b');
    expect(lookupProcess(child.pid!)).toMatchObject({
      ppid: process.pid,
      state: expect.stringMatching(/^[RSD]$/) as string,
    });
  });

  it('measures memory', () => {
    const info = lookupProcess(process.pid)!;
    expect(info.rssBytes / process.memoryUsage.rss()).toBeGreaterThan(0.5);
    expect(info.rssBytes / process.memoryUsage.rss()).toBeLessThan(2);
  });

  it('says nothing of a process that is not there', () => {
    expect([lookupProcess(NOBODY), refOf(NOBODY), readTimes(NOBODY), controlGroupsOf(NOBODY)]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect([commandLineOf(NOBODY), argumentsOf(NOBODY), isKernelThread(NOBODY)]).toEqual(['', [], false]);
    expect(processTree(NOBODY)).toEqual([]);
  });

  it('does not take a later process of the same number for the one that was meant', async () => {
    const { process: ref } = startIdle();
    const earlier = { pid: ref.pid, startTicks: ref.startTicks - 1 };
    expect([isAlive(ref), isAlive(earlier)]).toEqual([true, false]);
    expect(signalProcess(earlier, 'SIGKILL')).toBe(false);
    expect(isAlive(ref)).toBe(true);
    expect(signalProcess(ref, 'SIGKILL')).toBe(true);
    await until('it is gone', () => !isAlive(ref));
    expect(signalProcess(ref, 'SIGKILL')).toBe(false);
  });

  it('does not count a zombie as alive', async () => {
    // The shell ends its child and never waits for it, as it has become `sleep`.
    const parent = spawn('/bin/sh', ['-c', 'sleep 0 & exec sleep 60'], { stdio: 'ignore' });
    onTestFinished(() => void parent.kill('SIGKILL'));
    await until('there is a zombie', () => processTree(parent.pid!).some(({ state }) => state === 'Z'));
    const zombie = processTree(parent.pid!).find(({ state }) => state === 'Z')!;
    expect(isAlive(zombie)).toBe(false);
  });

  it('signals a whole group', async () => {
    const leader = startNode('setInterval(() => {}, 1e6)', { detached: true });
    expect(signalGroup(leader.pid, 'SIGKILL')).toBe(true);
    await leader.kill();
    expect(signalGroup(leader.pid, 'SIGKILL')).toBe(false);
  });

  it('knows command lines, arguments and groups', () => {
    const { pid } = startNode('setInterval(() => {}, 1e6)', { argv0: 'my program' });
    expect(argumentsOf(pid)).toEqual(['my program', '-e', 'setInterval(() => {}, 1e6)']);
    expect(commandLineOf(pid)).toBe('my program -e setInterval(() => {}, 1e6)');
    expect(controlGroupsOf(pid)).toMatch(/^\d+:[^:]*:\//m);
    expect(isKernelThread(pid)).toBe(false);
  });

  it('knows threads of the kernel where it can see them', () => {
    const kthreadd = lookupProcess(2);
    // In a container, 2 is a process like any other.
    if (kthreadd?.name === 'kthreadd') expect(isKernelThread(2)).toBe(true);
    else expect(listProcesses().some(({ pid }) => isKernelThread(pid))).toBe(false);
  });

  it('finds what is marked, descendants in other sessions included', async () => {
    const value = randomBytes(8).toString('hex');
    const { pid } = startNode(
      `const child = require('child_process').spawn('sleep', ['60'], {detached: true, stdio: 'ignore'}); child.unref(); setInterval(() => {}, 1e6)`,
      { env: { ...process.env, FAULTLINE_TEST: value, FAULTLINE_TEST2: `${value}2` } },
    );
    await until('both are there', () => findMarked('FAULTLINE_TEST', value).some(({ name }) => name === 'sleep'));
    const found = findMarked('FAULTLINE_TEST', value);
    onTestFinished(() => {
      for (const info of found) signalProcess(info, 'SIGKILL');
    });
    expect(found.map((info) => info.pid)).toContain(pid);
    expect(found).toHaveLength(2);
    expect(findMarked('FAULTLINE_TEST', value.slice(1))).toEqual([]);
    expect(listMarked('FAULTLINE_TEST2').filter((marked) => marked.value === `${value}2`)).toHaveLength(2);
    expect(markOf(pid, 'FAULTLINE_TEST')).toBe(value);
    expect(markOf(pid, 'FAULTLINE')).toBeUndefined();
    expect(processTree(pid).map(({ name }) => name)).toEqual([lookupProcess(pid)!.name, 'sleep']);
  });

  it('measures the time on a CPU and the time of waiting for one', async () => {
    const { pid } = startBusy();
    await until('it has run for 50 ms', () => readTimes(pid)!.runNs > 50e6);
    const before = readTimes(pid)!;
    const idle = startIdle();
    await until('it has run for another 100 ms', () => readTimes(pid)!.runNs - before.runNs > 100e6);
    expect(readTimes(pid)!.waitNs).toBeGreaterThanOrEqual(before.waitNs);
    expect(readTimes(idle.pid)!.runNs).toBeLessThan(readTimes(pid)!.runNs + 1e9);
  });

  it('protects init, this process and all its ancestors', () => {
    const pids = protectedPids();
    expect([...pids]).toEqual(expect.arrayContaining([1, process.pid, process.ppid]));
    expect(pids.has(startIdle().pid)).toBe(false);
  });

  it('names this process and this boot', () => {
    expect(selfRef()).toEqual(refOf(process.pid));
    expect(bootId()).toMatch(/^[0-9a-f-]{36}$/);
    expect(bootId()).toBe(bootId());
  });
});
