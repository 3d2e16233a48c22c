import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import type { FaultKind } from '../../src/lib/faults/fault.ts';
import { cpuFault } from '../../src/lib/faults/kinds/cpu.ts';
import { killFault } from '../../src/lib/faults/kinds/kill.ts';
import type { FaultHost, Target } from '../../src/lib/faults/targets.ts';
import { realClock } from '../../src/lib/runtime/clock.ts';
import { listMarked, readTimes } from '../../src/lib/runtime/processes.ts';
import { startBusy } from '../support/processes.ts';
import { startRestartable } from '../support/restartable.ts';
import { until } from '../support/until.ts';
import { requires } from '../support/requires.ts';
import { FILTER_ROWS } from './filter-rows.ts';

/** A kind of fault (or one of its modes) as the contract tests it. A new kind is one more row. */
export interface FaultRow {
  readonly name: string;
  readonly kind: FaultKind;
  /** Parameters that are right, as a scenario writes them. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly needs: ReturnType<typeof requires>;
  /** A real target, made for one test and taken away after it. */
  setUp(context: { readonly run: string }): Promise<Scene>;
}

export interface Scene {
  readonly target: Target;
  readonly host: FaultHost;
  /** Everything that the fault could change, as text: equal texts mean that nothing was changed, or all was put back. */
  readonly fingerprint: () => string;
  /** Gives the fault something to hurt: requests, work. Called after its end as well. */
  readonly work: () => Promise<void>;
  /** Reverts from the journaled undo in another process. Undefined for faults that end with the process that holds them. */
  readonly revertElsewhere?: ((undo: string) => Promise<void>) | undefined;
  /** What it concerns ends with the run, by the guardian's hand: another process has nothing to put back, and changes nothing. */
  readonly endsWithTheRun?: boolean;
}

const CGROUP_ROOT = '/sys/fs/cgroup';
const CPU_ROOT = `${CGROUP_ROOT}/cpu`;
const HOST: FaultHost = { clock: realClock, proxy: undefined, cgroupRoot: CGROUP_ROOT };

const runFile = promisify(execFile);
const revertElsewhere = (kind: FaultKind) => async (undo: string) => {
  const script = new URL('../support/revert-elsewhere.ts', import.meta.url).pathname;
  await runFile(process.execPath, [script, kind.kind, undo, CGROUP_ROOT]);
};

export const FAULT_ROWS: readonly FaultRow[] = [
  ...FILTER_ROWS,
  {
    name: 'kill, of a service of the run',
    kind: killFault,
    params: { signal: 'SIGTERM' },
    needs: requires(),
    setUp: ({ run }) => setUpKill(run),
  },
  {
    name: 'cpu load',
    kind: cpuFault,
    params: { load: '20%', cores: 1 },
    needs: requires(),
    async setUp({ run }) {
      return {
        target: { on: 'host' },
        host: HOST,
        fingerprint: () => JSON.stringify(workersOf(run)),
        // The workers work by themselves.
        work: () => Promise.resolve(),
        revertElsewhere: revertElsewhere(cpuFault),
      };
    },
  },
  {
    name: 'cpu quota, in a group of its own',
    kind: cpuFault,
    params: { quota: '20%', period: '10ms' },
    needs: requires('root', 'cgroup-cpu-v1'),
    async setUp({ run }) {
      const busy = startBusy();
      return {
        target: busy.target,
        host: HOST,
        fingerprint: () => JSON.stringify([membershipOf(busy.pid), groupsOf(run), limitOf(CPU_ROOT)]),
        work: () => untilWorked(busy.pid),
        revertElsewhere: revertElsewhere(cpuFault),
      };
    },
  },
  {
    name: 'cpu quota, in place',
    kind: cpuFault,
    params: { quota: '20%', period: '10ms' },
    needs: requires('root', 'cgroup-cpu-v1'),
    async setUp({ run }) {
      const group = `${CPU_ROOT}/test-${run}`;
      mkdirSync(group);
      writeFileSync(`${group}/cpu.cfs_period_us`, '50000');
      writeFileSync(`${group}/cpu.cfs_quota_us`, '45000');
      // Registered first, so that it runs after the process is gone.
      onTestFinished(async () => {
        await until('the group is empty', () => readFileSync(`${group}/cgroup.procs`, 'utf8') === '');
        rmdirSync(group);
      });
      const busy = startBusy();
      writeFileSync(`${group}/cgroup.procs`, String(busy.pid));
      return {
        target: busy.target,
        host: HOST,
        fingerprint: () => JSON.stringify([membershipOf(busy.pid), readdirSync(group), limitOf(group)]),
        work: () => untilWorked(busy.pid),
        revertElsewhere: revertElsewhere(cpuFault),
      };
    },
  },
];

export function newRun(): string {
  return `contract.${randomBytes(5).toString('hex')}`;
}

function workersOf(run: string): string[] {
  return listMarked('FAULTLINE_FAULT')
    .filter(({ value }) => value.startsWith(`${run}/`))
    .map(({ value }) => value);
}

function membershipOf(pid: number): string | undefined {
  return readFileSync(`/proc/${pid}/cgroup`, 'utf8')
    .split('\n')
    .find((line) => line.split(':')[1]?.split(',').includes('cpu'));
}

function groupsOf(run: string): string[] {
  return readdirSync(CPU_ROOT).filter((name) => name.includes(run));
}

function limitOf(group: string): string[] {
  return ['cpu.cfs_quota_us', 'cpu.cfs_period_us', 'cpu.cfs_burst_us'].map((file) =>
    readFileSync(`${group}/${file}`, 'utf8').trim(),
  );
}

/** The process works by itself: for as long as it takes to run into its quota several times. */
async function untilWorked(pid: number): Promise<void> {
  const runNs = (): number => readTimes(pid)?.runNs ?? 0;
  const before = runNs();
  await until('the process has run for 20 ms', () => runNs() - before > 20e6);
}

/** A service of one process, started as a run starts its own. */
async function setUpKill(run: string): Promise<Scene> {
  const service = await startRestartable(run);
  return {
    target: service.target(),
    host: { ...HOST, services: service.control },
    fingerprint: () => JSON.stringify(service.commands()),
    // Being there is all that it does.
    work: () => Promise.resolve(),
    revertElsewhere: revertElsewhere(killFault),
    endsWithTheRun: true,
  };
}
