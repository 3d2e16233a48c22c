import { basename, join } from 'node:path';
import { isDirectory, listNames } from '../runtime/files.ts';

/** The longest path that Linux takes for a socket (sun_path of unix(7), less its last NUL). */
const MAX_SOCKET_PATH = 107;

/** Where the process of that number is reached. Throws when the kernel would cut the path off. */
export function socketPathOf(stateDirectory: string, pid: number): string {
  const path = join(directoryOf(stateDirectory), `${pid}.sock`);
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH) return path;
  throw new Error(`${path} is longer than ${MAX_SOCKET_PATH} bytes, which no socket may be: choose a shorter --state`);
}

/** The sockets of all processes that there are or have been, the newest number last. */
export function listSockets(stateDirectory: string): string[] {
  const directory = directoryOf(stateDirectory);
  if (!isDirectory(directory)) return [];
  return listNames(directory)
    .filter((name) => /^\d+\.sock$/.test(name))
    .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
    .map((name) => join(directory, name));
}

function directoryOf(stateDirectory: string): string {
  return join(stateDirectory, 'control');
}

/** The number in its name. */
export function pidOfSocket(path: string): number {
  return Number.parseInt(basename(path), 10);
}
