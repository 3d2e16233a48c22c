import { spawn } from 'node:child_process';
import { copyFileSync, chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { resolveTarget, type ServicesPort, type TargetRequest } from '../../../src/lib/faults/resolve-target.ts';
import { lookupProcess, processTree } from '../../../src/lib/runtime/processes.ts';
import { startIdle, startNode } from '../../support/processes.ts';
import { until } from '../../support/until.ts';
import { temporaryDirectory } from '../../support/temp.ts';

function services(pids: Readonly<Record<string, readonly number[] | undefined>> = {}): ServicesPort {
  return {
    serviceNames: () => Object.keys(pids),
    protocolOf: (service) => (service in pids ? 'http' : undefined),
    servicePids: (service) => pids[service],
  };
}

const pidsOf = (request: TargetRequest, port = services()): number[] => {
  const target = resolveTarget(request, port);
  return target.on === 'process' ? target.processes.map(({ pid }) => pid) : [];
};
const byName = (name: string): TargetRequest => ({ on: 'process', select: { by: 'name', name } });
const byPid = (pid: number): TargetRequest => ({ on: 'process', select: { by: 'pid', pid } });
const byService = (service: string): TargetRequest => ({ on: 'process', select: { by: 'service', service } });

/** A program of a name that nobody else has. */
function startNamed(name: string): number {
  const program = join(temporaryDirectory(), name);
  copyFileSync('/bin/sleep', program);
  chmodSync(program, 0o755);
  const child = spawn(program, ['60'], { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child.pid!;
}

describe('resolveTarget', () => {
  it('finds the host and services', () => {
    expect(resolveTarget({ on: 'host' }, services())).toEqual({ on: 'host' });
    expect(resolveTarget({ on: 'service', service: 'a' }, services({ a: undefined }))).toEqual({
      on: 'service',
      service: 'a',
      protocol: 'http',
    });
  });

  it('finds a process by its pid, with what a person needs to recognise it', () => {
    const { pid, process } = startIdle();
    expect(resolveTarget(byPid(pid), services())).toEqual({
      on: 'process',
      label: String(pid),
      processes: [
        {
          pid,
          startTicks: process.startTicks,
          name: lookupProcess(pid)!.name,
          command: expect.stringContaining('setInterval') as string,
        },
      ],
    });
  });

  it('finds every process of a service that the run started, children included', async () => {
    const { pid } = startNode(
      `require('child_process').spawn('sleep', ['60'], {stdio: 'ignore'}); setInterval(() => {}, 1e6)`,
    );
    await until('it has a child', () => processTree(pid).length === 2);
    const tree = processTree(pid).map((info) => info.pid);
    onTestFinished(() => tree.slice(1).forEach((child) => void process.kill(child, 'SIGKILL')));
    expect(pidsOf(byService('a'), services({ a: [pid] }))).toEqual(tree);
    expect(pidsOf(byService('a'), services({ a: tree }))).toEqual(tree);
  });

  it('finds processes by the name of the program, also one that is longer than the kernel keeps', async () => {
    const name = `fl-very-long-name-${process.pid}`;
    const pids = [startNamed(name), startNamed(name)];
    await until('both run', () => pids.every((pid) => lookupProcess(pid)?.name === name.slice(0, 15)));
    expect(pidsOf(byName(name)).sort()).toEqual(pids.sort());
    expect(pidsOf(byName(name.slice(0, 15))).sort()).toEqual(pids.sort());
  });

  it('never means itself or what started it by a name', () => {
    const { pid } = startIdle();
    const self = lookupProcess(process.pid)!.name;
    const found = pidsOf(byName('node'));
    expect(found).toContain(pid);
    expect(found).not.toContain(process.pid);
    expect(found).not.toContain(process.ppid);
    expect(self).not.toBe('');
  });

  it('says which name is near', async () => {
    const pid = startNamed(`fl-payments-${process.pid}`);
    const name = `fl-payments-${process.pid}`;
    await until('it runs', () => lookupProcess(pid)?.name === name.slice(0, 15));
    expect(() => resolveTarget(byName(`fl-paymetns-${process.pid}`), services())).toThrow(
      expect.objectContaining({ exitName: 'invalid', hint: `there is one named ${name}` }),
    );
  });

  it.each<[string, TargetRequest, string, string | undefined]>([
    ['no such pid', byPid(2 ** 30), 'there is no process 1073741824', 'pids change'],
    ['no such name', byName('§§§§§§§§§§§§'), 'no process is named §§§§§§§§§§§§', 'ps -e'],
    ['no such service', { on: 'service', service: 'paymnts' }, 'there is no service paymnts', 'did you mean payments?'],
    ['no process of such a service', byService('zzz'), 'there is no service zzz', 'the services are payments, gone'],
    ['a service that was not started', byService('payments'), 'the scenario does not start it', '`run`'],
    ['a service that has ended', byService('gone'), 'no process of service gone is running', undefined],
  ])('refuses %s', (_, request, message, hint) => {
    const port = services({ payments: undefined, gone: [2 ** 30] });
    expect(() => resolveTarget(request, port)).toThrow(
      expect.objectContaining({
        exitName: 'invalid',
        message: expect.stringContaining(message) as string,
        hint: hint === undefined ? undefined : (expect.stringContaining(hint) as string),
      }),
    );
  });
});
