import { ServicesApi } from '../control/services-api.ts';
import type { ControlParts } from '../experiment/run-context.ts';
import { realClock } from '../runtime/clock.ts';
import { selfRef } from '../runtime/processes.ts';

/** Lets commands such as `faultline services` look at a run and change what it has, by a socket in the state directory. */
export async function openRunControl(
  file: string,
  stateDirectory: string,
  { proxy, watched, record, onNote }: ControlParts,
): Promise<{ close(): Promise<void> }> {
  const api = new ServicesApi({
    proxy,
    registry: watched.registry,
    takesEndpoints: (service) => watched.isFollowed(service),
    clock: realClock,
    owner: { pid: selfRef().pid, command: 'chaos run', subject: file },
    stateDirectory,
    record,
    onNote,
  });
  await api.openSocket();
  return api;
}
