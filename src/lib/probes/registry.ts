import { AppError } from '../errors/app-error.ts';
import { breakerProbe } from './kinds/breaker.ts';
import { commandProbe } from './kinds/command.ts';
import { endpointsProbe } from './kinds/endpoints.ts';
import { httpProbe } from './kinds/http.ts';
import { processProbe } from './kinds/process.ts';
import { tcpProbe } from './kinds/tcp.ts';
import type { ProbeKind } from './probe.ts';

/** Every kind of probe, in the order that help shows them. */
export const probeKinds: readonly ProbeKind[] = [
  httpProbe,
  tcpProbe,
  commandProbe,
  processProbe,
  breakerProbe,
  endpointsProbe,
];

/** The kind of that name; throws AppError `usage` when there is none. */
export function findProbeKind(name: string): ProbeKind {
  const found = probeKinds.find(({ kind }) => kind === name);
  if (found) return found;
  const known = probeKinds.map(({ kind }) => kind).join(', ');
  throw new AppError('usage', `there is no probe ${JSON.stringify(name)}`, { hint: `The kinds are ${known}.` });
}
