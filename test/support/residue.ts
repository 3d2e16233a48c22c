import { readdirSync, statSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { findMarked, listProcesses, commandLineOf } from '../../src/lib/runtime/processes.ts';
import { FAULT_MARK, RUN_MARK } from '../../src/lib/runtime/marks.ts';

/** Everything that a run could leave behind on this machine: processes, control groups, listeners; empty when there is nothing. */
export async function residueOf(run: string, ports: readonly number[], stateDirectory: string): Promise<string[]> {
  const services = findMarked(RUN_MARK, run).map(({ pid, name }) => `service process ${pid} (${name})`);
  const workers = listProcesses()
    .filter(({ pid }) => hasMarkOf(pid, run))
    .map(({ pid }) => `worker ${pid}`);
  const guardians = listProcesses()
    .filter(
      ({ pid, state }) =>
        state !== 'Z' && commandLineOf(pid).includes(stateDirectory) && commandLineOf(pid).includes('guardian'),
    )
    .map(({ pid }) => `guardian ${pid}`);
  const open = await Promise.all(ports.map(async (port) => ((await isListening(port)) ? [`listener on ${port}`] : [])));
  return [...services, ...workers, ...guardians, ...controlGroups(`faultline-${run}`), ...open.flat()];
}

function hasMarkOf(pid: number, run: string): boolean {
  return ['slow', 'broken', 'cut', 'starved', 'busy'].some((id) =>
    findMarked(FAULT_MARK, `${run}/${id}`).some((info) => info.pid === pid),
  );
}

/** Control groups of that name anywhere below the CPU hierarchies. */
function controlGroups(prefix: string): string[] {
  const found: string[] = [];
  const search = (directory: string, depth: number): void => {
    for (const name of readdirSync(directory)) {
      const path = join(directory, name);
      if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) continue;
      if (name.startsWith(prefix)) found.push(`control group ${path}`);
      if (depth < 4) search(path, depth + 1);
    }
  };
  for (const root of ['/sys/fs/cgroup/cpu', '/sys/fs/cgroup/unified']) {
    if (statSync(root, { throwIfNoEntry: false })) search(root, 0);
  }
  return found;
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
