import { z } from 'zod';
import { AppError } from '../../errors/app-error.ts';
import type { Effect } from '../../events/run-events.ts';
import type { Clock } from '../../runtime/clock.ts';
import { isAlive, signalProcess, type ProcessRef } from '../../runtime/processes.ts';
import { digestDecisions, lookupMeasurement, rememberMeasurement, round } from '../measured.ts';
import { defineFault, type Check } from '../fault.ts';
import type { FaultHost, Target } from '../targets.ts';

/** Signals whose default is to end a process (signal(7)). */
const SIGNALS = ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGABRT', 'SIGSEGV'] as const;
/** How long what was signalled may take to end: a graceful one writes its state down first. */
const GONE_WITHIN_MS = 10_000;
const LOOK_MS = 10;

const params = z.strictObject({
  signal: z.enum(SIGNALS).default('SIGKILL').describe('What ends it.'),
  restart: z
    .boolean()
    .default(true)
    .describe('Start it again at the end: only what the scenario has started. False: nothing of ours does.'),
});
type KillParams = z.output<typeof params>;

const undo = z.strictObject({
  mark: z.string(),
  /** Who is to be started again; null: nobody. */
  service: z.string().nullable(),
});

/** Ends processes; a service that the scenario has started stays down for the time of the fault, and is then started again. */
export const killFault = defineFault({
  kind: 'kill',
  summary: 'end a process by a signal; a service of the scenario is started again when the fault is over',
  targets: ['process'],
  undoneBy: 'guardian',
  params,
  undo,

  check: (wanted, target, host) => Promise.resolve(checkKill(wanted, target, host)),

  plan({ restart }, target, host, { run, id }) {
    const service = restart ? serviceOf(target) : undefined;
    if (restart && (service === undefined || host.services === undefined)) {
      const { why, remedy } = NOBODY_STARTS;
      return Promise.reject(new AppError('invalid', why, { hint: remedy }));
    }
    return Promise.resolve({ mark: `${run} ${id}`, service: service ?? null });
  },

  async inject({ signal, restart }, { mark, service }, target, host, _context, abort) {
    abort.throwIfAborted();
    const measured = new KillMeasurement(host.clock, signal, restart);
    rememberMeasurement(mark, measured);
    if (service !== null) measured.killed(await findServices(host).kill(service, signal));
    else measured.killed(await killAll(processesOf(target), signal, host.clock, abort));
  },

  effect: ({ signal, restart }, { mark }) =>
    Promise.resolve(lookupMeasurement(mark)?.effect() ?? notMeasured(signal, restart)),

  async revert({ mark, service }, { services }) {
    const measured = lookupMeasurement(mark);
    // Another process than the runner's has nothing to start again: the services of a run end with it.
    if (service !== null && services?.isDown(service) === true) {
      if (measured instanceof KillMeasurement) measured.restarting();
      await services.startAgain(service);
      if (measured instanceof KillMeasurement) measured.ready();
    }
  },

  describeUndo: ({ service }) =>
    service === null ? 'nothing: what was killed is not started again' : `start service ${service} again`,

  isInForce: ({ service }, { services }) => Promise.resolve(service !== null && services?.isDown(service) === true),
});

const NOBODY_STARTS = {
  why: 'nobody could start these processes again: the scenario has not started them',
  remedy: 'aim at a service that has `run`, or say `restart: false` if something else starts them, or nothing is to',
};

function checkKill({ restart }: KillParams, target: Target, host: FaultHost): Check {
  if (!restart || (serviceOf(target) !== undefined && host.services !== undefined)) return { ok: true };
  return { ok: false, ...NOBODY_STARTS };
}

function serviceOf(target: Target): string | undefined {
  return target.on === 'process' ? target.service : undefined;
}

function processesOf(target: Target): readonly ProcessRef[] {
  return target.on === 'process' ? target.processes : [];
}

function findServices({ services }: FaultHost) {
  if (services === undefined) throw new Error('only the process that runs the scenario can kill its services');
  return services;
}

/** Signals each that is still the same process, and waits until all are gone. */
async function killAll(
  processes: readonly ProcessRef[],
  signal: NodeJS.Signals,
  clock: Clock,
  abort: AbortSignal,
): Promise<readonly ProcessRef[]> {
  const alive = processes.filter(isAlive);
  for (const process of alive) signalProcess(process, signal);
  const deadlineMs = clock.monotonicMs() + GONE_WITHIN_MS;
  while (alive.some(isAlive)) {
    if (clock.monotonicMs() > deadlineMs) {
      const pids = alive.filter(isAlive).map(({ pid }) => pid);
      throw new AppError('invalid', `${signal} has not ended ${pids.join(', ')} within ${GONE_WITHIN_MS} ms`, {
        hint: 'SIGKILL cannot be ignored',
      });
    }
    await clock.sleep(LOOK_MS, abort);
  }
  return alive;
}

/** What became of those that were killed. */
class KillMeasurement {
  readonly #clock: Clock;
  readonly #signal: string;
  readonly #restart: boolean;
  #processes: readonly ProcessRef[] = [];
  #killedMs: number | undefined;
  #startedMs: number | undefined;
  #readyMs: number | undefined;

  constructor(clock: Clock, signal: string, restart: boolean) {
    this.#clock = clock;
    this.#signal = signal;
    this.#restart = restart;
  }

  killed(processes: readonly ProcessRef[]): void {
    this.#processes = processes;
    this.#killedMs = this.#clock.monotonicMs();
  }

  restarting(): void {
    this.#startedMs ??= this.#clock.monotonicMs();
  }

  ready(): void {
    this.#readyMs ??= this.#clock.monotonicMs();
  }

  freeze(): void {
    // Nothing goes on that could be counted further.
  }

  effect(): Effect {
    const killed = this.#processes.length;
    const decisions = digestDecisions('kill', this.#processes.map((_process, i) => [String(i), true]));
    return {
      touched: killed,
      requested: { signal: this.#signal, restart: this.#restart },
      delivered: { killed, ...this.#times() },
      decisions: { seen: killed, hit: killed, digest: decisions },
      note: killed === 0 ? 'no process of it was running' : undefined,
    };
  }

  #times(): Record<string, number> {
    if (this.#killedMs === undefined || !this.#restart) return {};
    const untilMs = this.#readyMs ?? this.#clock.monotonicMs();
    const downMs = round(untilMs - this.#killedMs);
    if (this.#readyMs === undefined || this.#startedMs === undefined) return { downMs };
    return { downMs, readyAfterMs: round(this.#readyMs - this.#startedMs) };
  }
}

function notMeasured(signal: string, restart: boolean): Effect {
  return {
    touched: 0,
    requested: { signal, restart },
    delivered: {},
    decisions: { seen: 0, hit: 0, digest: digestDecisions('kill', []) },
    note: 'it was not injected by this process, which is the only one that could have measured it',
  };
}
