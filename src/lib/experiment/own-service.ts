import type { ProbeHost } from '../probes/probe.ts';
import { startService, type StartedService } from '../services/start-service.ts';
import type { Patience, RunContext } from './run-context.ts';
import type { RunLog } from './run-log.ts';
import { untilReady, type OwnServiceSpec } from './service-ready.ts';

/** What the services of a run need of it. */
export type ServiceContext = Pick<RunContext, 'run' | 'clock' | 'stop'> & {
  readonly log: Pick<RunLog, 'record'>;
  readonly patience: Pick<Patience, 'hurried'>;
};

/** One life of a service, from its start to its exit. */
interface Life {
  readonly started: StartedService;
  readonly startMs: number;
  /** Whether its exit will be our doing. */
  exitExpected: boolean;
}

/** A service that the run starts, and may start again after it has ended. */
export class OwnService {
  readonly spec: OwnServiceSpec;
  readonly #context: ServiceContext;
  readonly #host: ProbeHost;
  #life: Life | undefined;

  constructor(spec: OwnServiceSpec, context: ServiceContext, host: ProbeHost) {
    this.spec = spec;
    this.#context = context;
    this.#host = host;
  }

  /** Starts its program; whoever calls has seen to it that none runs. */
  async spawn(signal: AbortSignal): Promise<void> {
    const startMs = this.#context.clock.monotonicMs();
    const program = { ...this.spec, ...this.spec.run };
    const started = await startService(program, this.#context.run, signal);
    this.#life = { started, startMs, exitExpected: false };
  }

  /** Resolves when it is ready, with how long that took since its start; from then on its exit is told. Throws AppError `unhealthy`. */
  async becomeReady(signal: AbortSignal): Promise<number> {
    const life = this.#life;
    if (!life) throw new Error(`service ${this.spec.name} was not started`);
    const { log, clock } = this.#context;
    await untilReady(this.spec, life.started, this.#host, signal);
    const tookMs = clock.monotonicMs() - life.startMs;
    log.record({ type: 'service.ready', service: this.spec.name, tookMs });
    void life.started.ended.then(({ exitCode, signal: by, lastOutput }) =>
      log.record({
        type: 'service.exited',
        service: this.spec.name,
        exitCode,
        signal: by,
        expected: life.exitExpected,
        lastOutput,
      }),
    );
    return tookMs;
  }

  /** From now on the exit of what runs is nothing to tell of. */
  expectExit(): void {
    if (this.#life) this.#life.exitExpected = true;
  }
}
