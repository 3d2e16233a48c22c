import { AppError } from '../errors/app-error.ts';
import type { Restart, ServicesControl } from '../faults/targets.ts';
import { endProcesses } from '../runtime/end-processes.ts';
import { selfRef, type ProcessInfo, type ProcessRef } from '../runtime/processes.ts';
import { findServiceProcesses } from '../services/service-processes.ts';
import { stopService } from '../services/stop-service.ts';
import type { OwnService, ServiceContext } from './own-service.ts';
import { SPAWN_TIMEOUT_MS, STOP_SLACK_MS } from './service-limits.ts';

/**
 * What a service is, for those who keep it down.
 *
 *   up ──kill──▶ down ──the last holder lets go──▶ starting ──ready──▶ up
 *                  ▲────────────── not ready ──────────┘
 */
type State =
  | { readonly is: 'up' }
  | { readonly is: 'down'; readonly holders: ReadonlySet<string> }
  | { readonly is: 'starting'; readonly holder: string; readonly done: Promise<Restart | undefined> };

/** How long a fault that ends may take to let go of a service that another one is about to kill. */
const HANDOVER_MS = 1_000;
const LOOK_MS = 10;

const UP: State = { is: 'up' };

/** Ends services of the run for a while, and starts them again. */
export class ServiceRestarts implements ServicesControl {
  readonly owner: ProcessRef = selfRef();
  readonly #services: ReadonlyMap<string, OwnService>;
  readonly #context: ServiceContext;
  readonly #states = new Map<string, State>();
  readonly #ending = new AbortController();

  constructor(services: readonly OwnService[], context: ServiceContext) {
    this.#services = new Map(services.map((service) => [service.spec.name, service]));
    this.#context = context;
  }

  canStart(service: string): boolean {
    return this.#services.has(service);
  }

  startLimitMs(service: string): number {
    const { stopGraceMs, readyWithinMs } = this.#find(service).spec.run;
    return stopGraceMs + STOP_SLACK_MS + SPAWN_TIMEOUT_MS + readyWithinMs;
  }

  isDown(service: string, holder: string): boolean {
    const state = this.#stateOf(service);
    switch (state.is) {
      case 'up':
        return false;
      case 'down':
        return state.holders.has(holder);
      case 'starting':
        return state.holder === holder;
    }
  }

  async kill(
    service: string,
    holder: string,
    signal: NodeJS.Signals,
    abort: AbortSignal,
  ): Promise<readonly ProcessInfo[]> {
    const own = this.#find(service);
    const { run, clock } = this.#context;
    await this.#handedOver(service, abort);
    const find = (): ProcessInfo[] => findServiceProcesses(run, service);
    if (find().length === 0) throw new AppError('invalid', `no process of service ${service} is running`);
    const state = this.#stateOf(service);
    own.expectExit();
    this.#states.set(service, {
      is: 'down',
      holders: new Set(state.is === 'down' ? [...state.holders, holder] : [holder]),
    });
    return endProcesses({ find, signal, clock, abort });
  }

  async startAgain(service: string, holder: string): Promise<Restart | undefined> {
    const state = this.#stateOf(service);
    switch (state.is) {
      case 'up':
        return undefined;
      case 'starting':
        return state.holder === holder ? state.done : undefined;
      case 'down': {
        if (!state.holders.has(holder)) return undefined;
        const holders = new Set(state.holders);
        holders.delete(holder);
        if (holders.size === 0) return this.#start(this.#find(service), holder);
        this.#states.set(service, { is: 'down', holders });
        return undefined;
      }
    }
  }

  /** From now on nothing is started any more: the run is about to end its services. */
  close(): void {
    this.#ending.abort(new Error('the run is ending'));
  }

  /** One fault may end as the next begins: what is about to be started again is killed once it is there. */
  async #handedOver(service: string, abort: AbortSignal): Promise<void> {
    const { clock } = this.#context;
    const deadlineMs = clock.monotonicMs() + HANDOVER_MS;
    while (this.#stateOf(service).is === 'down' && clock.monotonicMs() < deadlineMs) await clock.sleep(LOOK_MS, abort);
    const state = this.#stateOf(service);
    if (state.is === 'starting') await state.done.catch(() => undefined);
    abort.throwIfAborted();
  }

  #start(own: OwnService, holder: string): Promise<Restart | undefined> {
    const { name } = own.spec;
    const done = this.#spawnAgain(own);
    this.#states.set(name, { is: 'starting', holder, done });
    return done.then(
      (restart) => {
        this.#states.set(name, UP);
        return restart;
      },
      (error: unknown) => {
        // It is still to be started by the same holder, who tries again.
        this.#states.set(name, { is: 'down', holders: new Set([holder]) });
        throw error;
      },
    );
  }

  async #spawnAgain(own: OwnService): Promise<Restart | undefined> {
    const { name, run: spec } = own.spec;
    const { run, clock, stop, patience } = this.#context;
    const ending = AbortSignal.any([stop.signal, this.#ending.signal]);
    if (ending.aborted) return undefined;
    // What was slow to end, did not become ready, or kept it findable while it was down.
    own.expectExit();
    await stopService({ run, service: name, clock, graceMs: () => (patience.hurried ? 0 : spec.stopGraceMs) });
    await own.spawn(ending);
    return { readyAfterMs: await own.becomeReady(ending) };
  }

  #stateOf(service: string): State {
    return this.#states.get(service) ?? UP;
  }

  #find(service: string): OwnService {
    const own = this.#services.get(service);
    if (!own) throw new AppError('invalid', `service ${service} was not started by this run`);
    return own;
  }
}
