import { AppError, messageOf } from '../errors/app-error.ts';
import type { ProxyEventBody } from '../events/proxy-events.ts';
import type { Effect } from '../events/run-events.ts';
import type { Counters } from '../proxy/counters.ts';
import { WatchedServices } from '../experiment/watched-services.ts';
import { ServicesApi } from '../control/services-api.ts';
import type { OperatorEventBody } from '../events/operator-events.ts';
import { recordAction } from '../store/action-log.ts';
import { openProxy, type Proxy } from '../proxy/proxy.ts';
import { randomSeed } from '../runtime/chance.ts';
import { realClock } from '../runtime/clock.ts';
import { environment } from '../runtime/environment.ts';
import { selfRef } from '../runtime/processes.ts';
import { hearServiceSignals } from '../runtime/service-signals.ts';
import type { ProxyConfig } from '../scenario/proxy-config.ts';
import { loadProxyFile } from '../scenario/proxy-file.ts';
import { lookupProxyTracer, type ProxyTracing } from '../telemetry/proxy-tracer.ts';
import { formatHostPort } from '../wire/host-port.ts';
import { loadOptionsOf, type ScenarioFlags } from './open-scenario.ts';
import { OwnCa } from './own-ca.ts';
import { LiveProxy } from './proxy-run/live-proxy.ts';
import { Reloads } from './proxy-run/reloads.ts';
import { openProxyView, type ProxyView } from './proxy-run/view.ts';

export interface RunProxyOptions extends ScenarioFlags {
  readonly seed?: number | undefined;
  /** Where the socket for commands is put, and actions are written down. */
  readonly state: string;
  readonly events?: 'ndjson' | undefined;
  readonly json: boolean;
  readonly version: string;
}

/** What a proxy came to. */
export interface ProxyRunReport {
  readonly file: string;
  readonly seed: number;
  readonly servedMs: number;
  /** The services that it fronted at its end. */
  readonly services: readonly ServedService[];
}

export interface ServedService {
  readonly service: string;
  readonly listen: string;
  readonly counters: Readonly<Counters>;
  readonly faults: readonly { readonly fault: string; readonly kind: string; readonly effect: Effect | null }[];
}

export interface CheckedProxyFile {
  readonly file: string;
  readonly services: number;
  readonly faults: number;
}

/** How long requests that are under way hold up the end. */
const END_GRACE_MS = 5_000;
const END_LOOK_MS = 20;

/** Checks a file, and does nothing with it. Throws AppError `usage` with every mistake at once. */
export function checkProxyFile(file: string, flags: ScenarioFlags): CheckedProxyFile {
  const services = Object.values(loadProxyFile(file, loadOptionsOf(flags)).services);
  return { file, services: services.length, faults: services.flatMap(({ faults }) => faults).length };
}

/**
 * Runs the proxy that a file describes until it is told to end; SIGHUP has it read the file again. Throws AppError `usage` when the file is wrong or
 * a listener cannot be had; then nothing stays open.
 */
export async function runProxy(file: string, options: RunProxyOptions): Promise<ProxyRunReport> {
  const config = loadProxyFile(file, loadOptionsOf(options));
  const view = openProxyView({ events: options.events, json: options.json });
  const { version } = options;
  const tracing = await lookupProxyTracer(environment(), { clock: realClock, version, note: warnBy(view) });
  const run = new ProxyRun(config, options, view, tracing);
  try {
    return await run.serve();
  } finally {
    await run.close();
    await tracing?.shutdown();
    await view.end();
  }
}

class ProxyRun {
  readonly #options: RunProxyOptions;
  readonly #view: ProxyView;
  readonly #proxy: Proxy;
  readonly #live: LiveProxy;
  readonly #services: ServicesApi;
  readonly #seed: number;
  readonly #startedMs = realClock.monotonicMs();
  readonly #ended = Promise.withResolvers<Error | undefined>();
  /** Aborted when the end is wanted at once. */
  readonly #hurry = new AbortController();
  readonly #reloads = new Reloads(() => this.#reload());
  readonly #release: () => void;
  #config: ProxyConfig;
  #signals = 0;

  constructor(config: ProxyConfig, options: RunProxyOptions, view: ProxyView, tracing: ProxyTracing | undefined) {
    this.#config = config;
    this.#options = options;
    this.#view = view;
    this.#seed = randomSeed();
    view.hide(config.secrets);
    this.#proxy = openProxy({ clock: realClock, tracer: tracing?.tracer, onEvent: (event) => view.onEvent(event) });
    const watched = new WatchedServices(realClock, (event) => view.onEvent(event));
    this.#services = new ServicesApi({
      proxy: this.#proxy,
      registry: watched.registry,
      takesEndpoints: (service) => watched.isFollowed(service),
      clock: realClock,
      owner: { pid: selfRef().pid, command: 'proxy run', subject: config.file },
      stateDirectory: options.state,
      record: (action) => this.#record(action),
      onNote: warnBy(view),
    });
    this.#live = new LiveProxy({
      proxy: this.#proxy,
      ca: new OwnCa(),
      watched,
      serveApi: (api) => this.#services.open(api),
      onStuck: warnBy(view),
    });
    this.#release = hearServiceSignals({
      onEnd: () => this.#end(),
      onReload: () => this.#reloads.request(),
      onUncaught: (error) => this.#ended.resolve(error instanceof Error ? error : new Error(messageOf(error))),
    });
  }

  /** Resolves when it has been told to end, and has. */
  async serve(): Promise<ProxyRunReport> {
    await this.#live.change(this.#stateOf(this.#config));
    await this.#services.openSocket();
    this.#tell({ type: 'proxy.note', level: 'info', text: this.#greeting() });
    const bug = await this.#ended.promise;
    if (bug !== undefined) throw bug;
    await this.#reloads.end();
    const served = this.#proxy.services();
    await this.#live.stop();
    await this.#untilIdle();
    return {
      file: this.#config.file,
      seed: this.#stateOf(this.#config).seed,
      servedMs: Math.round(realClock.monotonicMs() - this.#startedMs),
      services: served.map(({ service, address, options, counters, filters }) => ({
        service,
        listen: formatHostPort(address ?? options.listen),
        counters: { ...counters },
        faults: filters.map(({ id, kind }) => ({
          fault: id,
          kind,
          effect: this.#proxy.filterEffect(service, id) ?? null,
        })),
      })),
    };
  }

  async close(): Promise<void> {
    await this.#live.close();
    await this.#services.close();
    this.#release();
  }

  /** On the disk before it is done, and told like all else. */
  #record(action: OperatorEventBody): void {
    recordAction(this.#options.state, { unixMs: realClock.unixMs(), pid: selfRef().pid }, action);
    this.#tell(action);
  }

  #end(): void {
    this.#signals++;
    if (this.#signals > 1) this.#hurry.abort();
    this.#ended.resolve(undefined);
  }

  /** Mistakes are told, and what was in force stays in force. */
  async #reload(): Promise<void> {
    const { file } = this.#config;
    try {
      const config = loadProxyFile(file, loadOptionsOf(this.#options));
      this.#view.hide(config.secrets);
      const steps = await this.#live.change(this.#stateOf(config));
      this.#config = config;
      const text = steps === 0 ? `${file} read again: nothing has changed` : `${file} read again: in force now`;
      this.#tell({ type: 'proxy.note', level: 'info', text });
    } catch (error) {
      if (!(error instanceof AppError))
        this.#ended.resolve(error instanceof Error ? error : new Error(messageOf(error)));
      else this.#refuse(error);
    }
  }

  #refuse({ message, details, hint }: AppError): void {
    const warn = warnBy(this.#view);
    warn(`${message}; what was in force stays in force`);
    for (const detail of details) warn(`  ${detail}`);
    if (hint !== undefined) warn(`→ ${hint}`);
  }

  /** Requests that are under way may be answered; raw connections have no end that could be waited for. */
  async #untilIdle(): Promise<void> {
    const { signal } = this.#hurry;
    const deadlineMs = realClock.monotonicMs() + END_GRACE_MS;
    const isBusy = (): boolean => this.#proxy.services().some(({ counters }) => counters.inFlight > 0);
    while (isBusy() && !signal.aborted && realClock.monotonicMs() < deadlineMs) {
      await realClock.sleep(END_LOOK_MS, signal).catch(() => undefined);
    }
  }

  #stateOf({ metrics, api, services, seed }: ProxyConfig) {
    return { metrics, api, services, seed: this.#options.seed ?? seed ?? this.#seed };
  }

  #greeting(): string {
    const metrics = this.#live.metricsAddress;
    const api = this.#live.apiAddress;
    const where = [
      metrics === undefined ? '' : ` metrics=http://${formatHostPort(metrics)}/metrics`,
      api === undefined ? '' : ` api=http://${formatHostPort(api)}`,
    ].join('');
    const { pid } = selfRef();
    return `proxy ready pid=${pid} seed=${this.#stateOf(this.#config).seed}${where}; kill -HUP ${pid} reads ${this.#config.file} again`;
  }

  #tell(body: ProxyEventBody): void {
    this.#view.onEvent({ unixMs: realClock.unixMs(), ...body });
  }
}

function warnBy(view: ProxyView): (text: string) => void {
  return (text) => view.onEvent({ unixMs: realClock.unixMs(), type: 'proxy.note', level: 'warning', text });
}
