import { openToxiproxyApi, type ToxiproxyApi } from '../control/toxiproxy-api.ts';
import { AppError, messageOf } from '../errors/app-error.ts';
import type { ProxyEvent, ProxyEventBody } from '../events/proxy-events.ts';
import type { Effect } from '../events/run-events.ts';
import { openProxy, type Proxy } from '../proxy/proxy.ts';
import { realClock } from '../runtime/clock.ts';
import { environment } from '../runtime/environment.ts';
import { readText } from '../runtime/files.ts';
import { outliveSignals } from '../runtime/signals.ts';
import { lookupProxyTracer } from '../telemetry/proxy-tracer.ts';
import { formatHostPort } from '../wire/host-port.ts';
import { openProxyView } from './proxy-run/view.ts';

export interface ServeProxyOptions {
  readonly api: string;
  readonly config: string | undefined;
  readonly lenient: boolean;
  readonly token: string | undefined;
  readonly 'insecure-api': boolean;
  readonly 'allow-host': readonly string[] | undefined;
  readonly seed: number | undefined;
  readonly restore: boolean;
  readonly state: string;
  readonly events: 'ndjson' | undefined;
  readonly json: boolean;
  readonly version: string;
}

/** What a served proxy came to. */
export interface ServeReport {
  readonly api: string;
  readonly seed: number;
  readonly servedMs: number;
  readonly proxies: readonly ServedProxy[];
  /** Every fault that has been in force, in order of its end. */
  readonly faults: readonly AppliedFault[];
  /** How many of both are not listed: the first ones are. */
  readonly unlisted: number;
}

interface ServedProxy {
  readonly proxy: string;
  readonly address: string;
  readonly upstream: string;
}

interface AppliedFault {
  readonly proxy: string;
  readonly fault: string;
  readonly kind: string;
  readonly effect: Effect;
}

/** A suite of a thousand tests with a fault each; what comes after is counted. */
const MAX_LISTED = 10_000;

/** Serves the proxy and its API until a signal ends it, and shows what happens meanwhile. Throws AppError when it cannot begin. */
export async function serveProxy(options: ServeProxyOptions): Promise<ServeReport> {
  const startedMs = realClock.monotonicMs();
  const view = openProxyView({ events: options.events, json: options.json });
  const tally = new Tally();
  const onEvent = (event: ProxyEvent): void => {
    tally.onEvent(event);
    view.onEvent(event);
  };
  const tell = (body: ProxyEventBody): void => onEvent({ unixMs: realClock.unixMs(), ...body });
  const end = hearEnd();
  const tracing = await lookupProxyTracer(environment(), { clock: realClock, version: options.version, note: warn });
  const proxy = openProxy({ clock: realClock, tracer: tracing?.tracer, onEvent });
  try {
    const api = await openApi(options, proxy, tell);
    greet(api, options, tell);
    const bug = await end.told;
    // After a bug it stays written down what was in force: the next one tells.
    await api.close(bug === undefined ? 'forget' : 'leave');
    if (bug !== undefined) throw bug;
    const servedMs = Math.round(realClock.monotonicMs() - startedMs);
    return { api: formatHostPort(api.address), seed: api.seed, servedMs, ...tally.report() };
  } finally {
    await proxy.close();
    await tracing?.shutdown();
    await view.end();
    end.release();
  }
}

/** A signal ends it, and so does an error that nobody caught: nobody knows what still holds after one. */
function hearEnd(): { readonly told: Promise<Error | undefined>; readonly release: () => void } {
  const { promise: told, resolve } = Promise.withResolvers<Error | undefined>();
  const release = outliveSignals({
    onSignal: () => resolve(undefined),
    onUncaught: (error) => resolve(error instanceof Error ? error : new Error(messageOf(error))),
  });
  return { told, release };
}

function greet(
  { address, seed }: ToxiproxyApi,
  { json }: ServeProxyOptions,
  tell: (body: ProxyEventBody) => void,
): void {
  const text = `proxy API on http://${formatHostPort(address)} seed=${seed}`;
  tell({ type: 'proxy.note', level: 'info', text });
  // With --json nothing is shown until the end, and a free port has to be known before.
  if (json) warn(text);
}

function openApi(
  options: ServeProxyOptions,
  proxy: Proxy,
  tell: (body: ProxyEventBody) => void,
): Promise<ToxiproxyApi> {
  return openToxiproxyApi({
    proxy,
    clock: realClock,
    address: options.api,
    token: options.token,
    isOpenToAll: options['insecure-api'],
    hosts: options['allow-host'] ?? [],
    lenient: options.lenient,
    version: options.version,
    seed: options.seed,
    stateDirectory: options.state,
    restore: options.restore,
    config: options.config === undefined ? undefined : { file: options.config, text: readConfigText(options.config) },
    onNote: (level, text) => tell({ type: 'proxy.note', level, text }),
  });
}

function readConfigText(file: string): string {
  try {
    return readText(file);
  } catch (error) {
    const hint = 'it is a list such as [{"name": "redis", "listen": "127.0.0.1:26379", "upstream": "127.0.0.1:6379"}]';
    throw new AppError('usage', `--config ${file} cannot be read: ${messageOf(error)}`, { hint, cause: error });
  }
}

/** What was served and done, for the report at the end. */
class Tally {
  readonly #proxies = new Map<string, ServedProxy>();
  readonly #faults: AppliedFault[] = [];
  #unlisted = 0;

  onEvent(event: ProxyEvent): void {
    if (event.type === 'listener.opened') {
      const { service: proxy, address, upstream } = event;
      if (this.#proxies.size < MAX_LISTED || this.#proxies.has(proxy))
        this.#proxies.set(proxy, { proxy, address, upstream });
      else this.#unlisted++;
    }
    if (event.type === 'fault.removed') {
      const { service: proxy, fault, kind, effect } = event;
      if (this.#faults.length < MAX_LISTED) this.#faults.push({ proxy, fault, kind, effect });
      else this.#unlisted++;
    }
  }

  report(): Pick<ServeReport, 'proxies' | 'faults' | 'unlisted'> {
    return { proxies: [...this.#proxies.values()], faults: this.#faults, unlisted: this.#unlisted };
  }
}

function warn(text: string): void {
  process.stderr.write(`${text}\n`);
}
