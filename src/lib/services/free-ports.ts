import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { AppError } from '../errors/app-error.ts';
import { RUN_MARK } from '../runtime/marks.ts';
import { listListeners, type Listener } from '../runtime/ports.ts';
import { commandLineOf, lookupProcess, markOf } from '../runtime/processes.ts';

export interface Place {
  readonly host: string;
  readonly port: number;
}

/** Addresses that stand for all of a machine's. */
const WILDCARDS = new Set(['0.0.0.0', '::']);

/** Throws AppError `usage` when somebody else listens already where the service would: then that stranger would be tested. */
export function requireFreePorts(service: { readonly name: string; readonly endpoints: readonly Place[] }): void {
  for (const { host, port } of service.endpoints) {
    const listener = listListeners(port).find(({ address }) => isSamePlace(address, host));
    if (listener) throw taken(service.name, `${host}:${port}`, listener);
  }
}

/** Whether a connection to the host would reach a listener at the address. A name is taken for this machine, since the service runs here. */
function isSamePlace(address: string, host: string): boolean {
  const plain = host.replace(/^\[|\]$/g, '');
  if (isIP(plain) === 0 || address === plain || WILDCARDS.has(plain)) return true;
  return WILDCARDS.has(address) && isOfThisMachine(plain);
}

function isOfThisMachine(address: string): boolean {
  if (address.startsWith('127.') || address === '::1') return true;
  return Object.values(networkInterfaces()).some((own) => own?.some((known) => known.address === address));
}

function taken(service: string, place: string, { pid }: Listener): AppError {
  const info = pid === undefined ? undefined : lookupProcess(pid);
  const holder = info ? `process ${info.pid} (${commandLineOf(info.pid) || info.name})` : 'a process of another user';
  const run = info && markOf(info.pid, RUN_MARK);
  return new AppError('usage', `service ${service} cannot be started: ${holder} listens on ${place} already`, {
    hint:
      run === undefined
        ? 'stop it, or give the service another port'
        : `run ${run} has started it; \`chaos rollback ${run}\` ends what a dead run has left`,
  });
}
