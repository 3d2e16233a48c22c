import { fork, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The processes of a measurement: each proxy in one of its own, so that what it costs can be told from what the others do. */

export interface Started {
  readonly pids: () => number[];
  readonly port: number;
  stop(): Promise<void>;
}

/** A role of this file's callers, in a process of its own; it sends its port when it listens. */
export function startRole(file: string, role: string, ...args: readonly string[]): Promise<Started> {
  const child = fork(file, [role, ...args]);
  return new Promise((resolve, reject) => {
    child.once('message', (port) =>
      resolve({ pids: () => [child.pid ?? 0], port: Number(port), stop: () => end(child) }),
    );
    child.once('exit', (code) => reject(new Error(`${role} ended with ${code}`)));
  });
}

/** A program with a configuration file, which listens on that port. */
export async function startProgram(
  program: string,
  port: number,
  config: (directory: string) => string,
): Promise<Started> {
  const directory = mkdtempSync(join(tmpdir(), 'faultline-bench-'));
  const file = join(directory, 'conf');
  writeFileSync(file, config(directory));
  const args = program === 'haproxy' ? ['-db', '-f', file] : ['-c', file];
  const child = spawn(program, args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin` },
  });
  await untilListening(port);
  return {
    pids: () => [child.pid ?? 0, ...childrenOf(child.pid ?? 0)],
    port,
    async stop() {
      await end(child);
      rmSync(directory, { recursive: true });
    },
  };
}

/** CPU time of all threads, in ns. */
export function cpuNs(pids: readonly number[]): number {
  let sum = 0;
  for (const pid of pids) {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      sum += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
    }
  }
  return sum;
}

/** Resident memory in KiB. */
export function residentKiB(pids: readonly number[]): number {
  return pids.reduce(
    (sum, pid) => sum + Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]),
    0,
  );
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/** A port that nobody uses at this moment, below those that the kernel gives out. */
let nextPort = 20_300 + Math.floor((process.pid * 37) % 5000);
export const somePort = (): number => nextPort++;

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
}

function end(child: ChildProcess): Promise<void> {
  child.removeAllListeners('exit');
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill();
  });
}

async function untilListening(port: number): Promise<void> {
  for (let i = 0; i < 200; i++) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nobody listens on ${port}`);
}
