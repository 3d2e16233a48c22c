import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { processProbe } from '../../../../src/lib/probes/kinds/process.ts';
import type { ProbeHost, ProbeOutcome } from '../../../../src/lib/probes/probe.ts';
import { findProcesses } from '../../../../src/lib/probes/processes/find-processes.ts';
import { realClock } from '../../../../src/lib/runtime/clock.ts';
import { lookupProcess } from '../../../../src/lib/runtime/processes.ts';

const directory = mkdtempSync(join(tmpdir(), 'faultline-process-'));
const children: ChildProcess[] = [];
const services = new Map<string, number[]>();
const host: ProbeHost = { clock: realClock, servicePids: (service) => services.get(service), directory };

afterAll(() => rmSync(directory, { recursive: true, force: true }));
afterEach(async () => {
  services.clear();
  for (const child of children.splice(0)) await end(child);
});

async function start(file: string, ...args: string[]): Promise<ChildProcess & { pid: number }> {
  const child = spawn(file, args, { stdio: 'ignore' });
  children.push(child);
  await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
  return child as ChildProcess & { pid: number };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await exited;
}

function probe(params: object, expected: object = {}): Promise<ProbeOutcome & { tookMs: number }> {
  return processProbe.bind(params, expected)(host, 2_000);
}

describe('a process probe', () => {
  it('finds a process by pid, service and pid file', async () => {
    const { pid } = await start('sleep', '60');
    services.set('sleeper', [pid]);
    writeFileSync(join(directory, 'sleeper.pid'), `${pid}\n`);
    for (const params of [{ pid }, { service: 'sleeper' }, { pidFile: 'sleeper.pid' }]) {
      expect(await probe(params)).toMatchObject({ ok: true });
      // A program that has just been started has no memory yet.
      await expect
        .poll(async () => (await probe(params)).value, { timeout: 2_000 })
        .toMatch(new RegExp(`^alive, pid ${pid}, rss [\\d.]+(KiB|MiB)$`));
    }
  });

  it('finds all processes of a name, as the program calls itself', async () => {
    const name = `named-by-faultline-${process.pid}`;
    for (let i = 0; i < 2; i++) await start('bash', '-c', `exec -a ${name} sleep 60`);
    await expect
      .poll(async () => (await probe({ name })).value, { timeout: 2_000 })
      .toMatch(/^alive, 2 processes, rss /);
  });

  it('does not mean itself by a name', async () => {
    const name = lookupProcess(process.pid)?.name ?? '';
    const { processes } = findProcesses({ by: 'name', name }, host);
    expect(processes.map(({ pid }) => pid)).not.toContain(process.pid);
    expect(processes.map(({ pid }) => pid)).not.toContain(process.ppid);
  });

  it('says that a process has ended, and why it cannot be found', async () => {
    const child = await start('sleep', '60');
    await end(child);
    writeFileSync(join(directory, 'gone.pid'), String(child.pid));
    writeFileSync(join(directory, 'empty.pid'), '');
    services.set('ended', [child.pid]);
    for (const [params, reason] of [
      [{ pid: child.pid }, `there is no process ${child.pid}`],
      [{ service: 'ended' }, 'service ended has no process'],
      [{ service: 'other' }, 'service other was not started by this run'],
      [{ name: 'no-such-name' }, 'there is no process named no-such-name'],
      [{ pidFile: 'none.pid' }, 'none.pid does not exist'],
      [{ pidFile: 'empty.pid' }, 'empty.pid holds no process id'],
      [{ pidFile: 'gone.pid' }, `there is no process ${child.pid}, which gone.pid names`],
    ] as const) {
      expect(await probe(params)).toMatchObject({ ok: false, value: 'not alive', reason });
      expect(await probe(params, { alive: false })).toMatchObject({ ok: true });
    }
  });

  it('takes a zombie for dead', async () => {
    // The shell starts a child that ends at once and becomes a program that never asks for it.
    const parent = await start('sh', '-c', 'true & exec sleep 60');
    const childOf = (): number =>
      Number(readFileSync(`/proc/${parent.pid}/task/${parent.pid}/children`, 'utf8').trim() || 0);
    await expect.poll(childOf, { timeout: 2_000 }).toBeGreaterThan(0);
    const zombie = childOf();
    await expect.poll(async () => (await probe({ pid: zombie }, { alive: false })).ok, { timeout: 2_000 }).toBe(true);
  });

  it('objects to a process that should be gone', async () => {
    const { pid } = await start('sleep', '60');
    expect((await probe({ pid }, { alive: false })).reason).toBe(`pid ${pid} is still alive`);
  });

  it('measures CPU use: a busy loop takes about a core, a sleeper none', async () => {
    const busy = await start('sh', '-c', 'while :; do :; done');
    const idle = await start('sleep', '60');
    const measure = processProbe.bind({ pid: busy.pid }, { cpu: { max: '10%' } });
    expect((await measure(host, 2_000)).tookMs).toBeGreaterThan(99);
    // On a crowded machine it may take a while until it gets its share.
    await expect
      .poll(async () => (await measure(host, 2_000)).reason, { timeout: 10_000, interval: 1 })
      .toMatch(/^cpu is [\d.]+%, more than 10%$/);
    expect(await probe({ pid: idle.pid }, { cpu: { max: '10%' } })).toMatchObject({ ok: true });
    expect((await probe({ pid: idle.pid }, { cpu: { min: '20%' } })).reason).toMatch(/^cpu is 0%, less than 20%$/);
  });

  it('judges resident memory', async () => {
    const { pid } = await start('sleep', '60');
    expect((await probe({ pid }, { rss: { min: '1GiB' } })).reason).toMatch(/^rss is .*, less than 1GiB$/);
    expect(await probe({ pid }, { rss: { max: '1GiB' } })).toMatchObject({ ok: true });
  });

  it.each([
    [{}, {}, 'give exactly one of pid, name, service, pidFile'],
    [{ pid: 1, name: 'a' }, {}, 'give exactly one of pid, name, service, pidFile'],
    [{ pid: 1 }, { cpu: { max: '50' } }, 'expected percent of one core, such as 50% or 250%'],
    [{ pid: 1 }, { alive: false, rss: { max: '1MiB' } }, 'alive: false cannot stand beside cpu or rss'],
  ])('refuses %j expecting %j', (params, expected, message) => {
    expect(() => processProbe.bind(params, expected)).toThrow(message);
  });
});
