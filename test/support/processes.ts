import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { onTestFinished } from 'vitest';
import { refOf } from '../../src/lib/runtime/processes.ts';
import type { Target, TargetProcess } from '../../src/lib/faults/targets.ts';

export { until } from './until.ts';

export interface StartedProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  /** As a fault's target. */
  readonly process: TargetProcess;
  readonly target: Target;
  kill(): Promise<void>;
}

/** Starts a Node program of one line that is killed when the test is over. */
export function startNode(code: string, options: SpawnOptions = {}): StartedProcess {
  const child = spawn(process.execPath, ['-e', code], { stdio: 'ignore', ...options });
  const ref = child.pid === undefined ? undefined : refOf(child.pid);
  if (!ref) throw new Error('the process did not start');
  const targetProcess = { ...ref, name: 'node', command: `node -e ${code}` };
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await closed;
  };
  onTestFinished(kill);
  return {
    child,
    pid: ref.pid,
    process: targetProcess,
    target: { on: 'process', label: 'node', processes: [targetProcess] },
    kill,
  };
}

/** A process that wants a whole core. */
export const startBusy = (): StartedProcess => startNode('for (;;);');
/** A process that waits. */
export const startIdle = (): StartedProcess => startNode('setInterval(() => {}, 1e6)');
