import { onTestFinished } from 'vitest';
import type { RunEventBody } from '../../src/lib/events/run-events.ts';
import { OwnService, type ServiceContext } from '../../src/lib/experiment/own-service.ts';
import { ServiceRestarts } from '../../src/lib/experiment/service-restarts.ts';
import type { Target } from '../../src/lib/faults/targets.ts';
import { realClock } from '../../src/lib/runtime/clock.ts';
import { commandLineOf, type ProcessInfo } from '../../src/lib/runtime/processes.ts';
import { findServiceProcesses } from '../../src/lib/services/service-processes.ts';
import { stopService } from '../../src/lib/services/stop-service.ts';
import { freePorts } from './ports.ts';

const SERVICE = 'listener';
const LISTEN = `require('node:net').createServer().listen(Number(process.env.PORT), '127.0.0.1')`;

/** A service as a run has it, of one Node process that listens; `code` runs in it before it does. It is stopped when the test is over. */
export async function startRestartable(run: string, code = '') {
  const [port = 0] = await freePorts(1);
  const events: RunEventBody[] = [];
  const stop = new AbortController();
  const context: ServiceContext = {
    run,
    clock: realClock,
    stop,
    patience: { hurried: false },
    log: { record: (event) => void events.push(event) },
  };
  const spec: OwnService['spec'] = {
    name: SERVICE,
    protocol: 'tcp',
    endpoints: [{ host: '127.0.0.1', port }],
    listen: undefined,
    tls: undefined,
    more: {},
    run: {
      command: [process.execPath, '-e', `${code}; ${LISTEN}`],
      directory: '/',
      env: { PORT: String(port) },
      ready: undefined,
      readyWithinMs: 5_000,
      stopGraceMs: 0,
    },
  };
  // Before it is the program itself, a process that was just started is a shell.
  const processes = (): ProcessInfo[] =>
    findServiceProcesses(run, SERVICE).filter(({ pid }) => commandLineOf(pid).startsWith(process.execPath));
  const host = { clock: realClock, run, directory: '/', servicePids: () => processes().map(({ pid }) => pid) };
  const service = new OwnService(spec, context, host);
  const control = new ServiceRestarts([service], context);
  onTestFinished(async () => {
    control.close();
    await stopService({ run, service: SERVICE, clock: realClock, graceMs: () => 0 });
  });
  await service.spawn(stop.signal);
  await service.becomeReady(stop.signal);
  return {
    name: SERVICE,
    control,
    events,
    processes,
    commands: () => processes().map(({ pid }) => commandLineOf(pid)),
    target: (): Target => ({
      on: 'process',
      label: SERVICE,
      service: SERVICE,
      processes: processes().map((info) => ({ ...info, command: commandLineOf(info.pid) })),
    }),
  };
}
