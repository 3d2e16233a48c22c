import { AppError } from '../errors/app-error.ts';
import type { Address } from '../proxy/listen-options.ts';
import type { Proxy } from '../proxy/proxy.ts';
import { randomSeed } from '../runtime/chance.ts';
import type { Clock } from '../runtime/clock.ts';
import { remove } from '../runtime/files.ts';
import { formatHostPort } from '../wire/host-port.ts';
import { isLoopback, turnAway } from './http/access.ts';
import { ApiError, reasonOf } from './http/api-error.ts';
import { readConfig } from './toxiproxy/config-file.ts';
import { parseHostPort, resolveListen } from './http/host-port.ts';
import { openHttpServer, type HttpServer } from './http/http-server.ts';
import { createRequestIds } from './toxiproxy/request-id.ts';
import { refuseLiving, tellForgotten } from './toxiproxy/leftover.ts';
import { readProxies, type ProxySpec } from './toxiproxy/proxy-body.ts';
import { describeProxy, ProxyList } from './toxiproxy/proxy-list.ts';
import { answer } from './toxiproxy/routes.ts';
import { Rules } from './toxiproxy/rules.ts';
import { createHeader, findSnapshots, Snapshot, type FoundSnapshot } from './toxiproxy/snapshot.ts';

export interface ToxiproxyApiOptions {
  /** What does it; it has the API's proxies as services. */
  readonly proxy: Proxy;
  readonly clock: Clock;
  /** Where the API listens, as `host:port`; port 0 takes any free one. */
  readonly address: string;
  /** What every request has to bring as a bearer token; undefined: nothing. */
  readonly token: string | undefined;
  /** Whether an address that others can reach may be without a token. */
  readonly isOpenToAll: boolean;
  /** Names that the API may be called by, besides IP addresses and localhost. */
  readonly hosts: readonly string[];
  /** Whether to take what Toxiproxy takes and nobody can mean; each time a note says what is done instead. */
  readonly lenient: boolean;
  readonly version: string;
  /** Undefined: that of what is restored, or a random one. */
  readonly seed: number | undefined;
  /** Where it is kept what is in force, for those who come after a kill. */
  readonly stateDirectory: string;
  /** Whether to bring back what was in force when an earlier process on this address was killed. */
  readonly restore: boolean;
  /** Proxies to begin with, as JSON: the name of the file and what stands in it. */
  readonly config: { readonly file: string; readonly text: string } | undefined;
  readonly onNote: (level: 'info' | 'warning', text: string) => void;
}

export interface ToxiproxyApi {
  readonly address: Address;
  readonly seed: number;
  /** Ends the requests, then the proxies; forgets what was in force, or leaves it written down for those who come later. */
  close(written?: 'forget' | 'leave'): Promise<void>;
}

/**
 * Serves Toxiproxy's HTTP API (version 2) on top of a proxy. Throws AppError `usage` when the address cannot be had or is open to others without a
 * token, when the configuration is wrong, and when not all of it, or of what is to be restored, can be brought into force; then nothing is.
 */
export async function openToxiproxyApi(options: ToxiproxyApiOptions): Promise<ToxiproxyApi> {
  const listen = await resolveApiAddress(options);
  const config = readConfigOf(options);
  const former = findFormer(options, listen);
  const seed = options.seed ?? former.find(({ isRestored }) => isRestored)?.header.seed ?? randomSeed();

  const keeper: { snapshot?: Snapshot } = {};
  const proxies = new ProxyList({ engine: options.proxy, seed, onChange: () => keeper.snapshot?.changed() });
  const populated = Promise.withResolvers<undefined>();
  const server = await openServer(options, listen, proxies, populated.promise);
  try {
    await bringIntoForce(proxies, former, config, options);
  } catch (error) {
    await Promise.all([proxies.close(), server.close()]);
    throw error;
  }
  const snapshot = openSnapshot(options, { listen, seed, proxies, api: formatHostPort(server.address) });
  keeper.snapshot = snapshot;
  // A process that is the first of its container has the number of the one before.
  for (const { path } of former) if (path !== snapshot.path) remove(path);
  populated.resolve(undefined);
  return {
    address: server.address,
    seed,
    async close(written = 'forget') {
      await server.close();
      snapshot.end();
      await proxies.close();
      if (written === 'forget') snapshot.remove();
    },
  };
}

/** As Toxiproxy's own. */
const ANSWER_TIMEOUT_MS = 30_000;

/** Requests wait until everything is there that there is to be at the beginning. */
function openServer(
  options: ToxiproxyApiOptions,
  listen: Address,
  proxies: ProxyList,
  populated: Promise<unknown>,
): Promise<HttpServer> {
  const { clock, token, lenient, version, proxy } = options;
  const warn = (text: string): void => options.onNote('warning', text);
  const policy = { token, hosts: hostsOf(options) };
  const nextId = createRequestIds(() => clock.unixMs());
  return openHttpServer(listen, {
    clock,
    headers: () => ({ 'X-Toxiproxy-Request-Id': nextId() }),
    answerTimeoutMs: ANSWER_TIMEOUT_MS,
    setting: '--api',
    admit: ({ headers }) => turnAway(headers, policy),
    async answer({ method = '', url = '' }, body) {
      await populated;
      const rules = new Rules(lenient, (text) => warn(`${method} ${url}: ${text}`));
      return answer(method, url, { proxies, version, rules, body, metricsText: () => proxy.metricsText() });
    },
    onBug: warn,
  });
}

function openSnapshot(
  { clock, stateDirectory, proxy, onNote }: ToxiproxyApiOptions,
  { listen, seed, proxies, api }: { listen: Address; seed: number; proxies: ProxyList; api: string },
): Snapshot {
  const snapshot = new Snapshot({
    clock,
    stateDirectory,
    api: listen,
    header: createHeader(proxy.owner, { api, sinceUnixMs: clock.unixMs(), seed }),
    proxies: () => proxies.all().map(describeProxy),
    onNote: (text) => onNote('warning', text),
  });
  snapshot.changed();
  return snapshot;
}

/** What a process left behind that was killed, and whether it is to be in force again: of several the newest is. */
interface Former extends FoundSnapshot {
  readonly specs: readonly ProxySpec[];
  readonly isRestored: boolean;
}

/** Throws AppError `usage` when a process that lives serves the address. */
function findFormer({ stateDirectory, restore, onNote }: ToxiproxyApiOptions, listen: Address): Former[] {
  const warn = (text: string): void => onNote('warning', text);
  const found = findSnapshots(stateDirectory, listen, (path, why) =>
    warn(`what an earlier process left behind cannot be read (${why}); it is kept as ${path}`),
  );
  if (listen.port !== 0) refuseLiving(found);
  return found
    .filter(({ isAlive }) => !isAlive)
    .map((snapshot, i) => ({ ...snapshot, specs: readLeftover(snapshot, warn), isRestored: restore && i === 0 }));
}

/** What is restored comes before what is configured, which does not touch it. Throws AppError `usage`. */
async function bringIntoForce(
  proxies: ProxyList,
  former: readonly Former[],
  config: readonly ProxySpec[],
  options: ToxiproxyApiOptions,
): Promise<void> {
  for (const leftover of former) {
    const { specs, path, isRestored } = leftover;
    if (isRestored) await createAll(proxies, specs, `what was in force (${path})`);
    for (const text of tellForgotten(leftover, specs, isRestored)) options.onNote('warning', text);
  }
  const names = new Set(proxies.all().map(({ name }) => name));
  const wanted = config.filter(({ name }) => !names.has(name));
  await createAll(proxies, wanted, options.config?.file ?? '');
}

/** Throws AppError `usage`. */
async function resolveApiAddress({ address, token, isOpenToAll }: ToxiproxyApiOptions): Promise<Address> {
  const parsed = parseHostPort(address);
  if (!parsed.ok || parsed.host === '') {
    const why = parsed.ok ? 'it has no host' : parsed.problem;
    const hint = 'give it as host:port, such as 127.0.0.1:8474';
    throw new AppError('usage', `the API cannot listen on ${JSON.stringify(address)}: ${why}`, { hint });
  }
  const [listen] = await resolveListen(address).catch((error: unknown) => {
    if (!(error instanceof ApiError)) throw error;
    throw new AppError('usage', `the API cannot listen on ${address}: ${error.message}`, { cause: error });
  });
  if (isLoopback(listen.host) || token !== undefined || isOpenToAll) return listen;
  throw new AppError('usage', `others can reach ${address}, and whoever does could redirect and break traffic`, {
    hint: 'give --token (or FAULTLINE_API_TOKEN), listen on 127.0.0.1, or say --insecure-api if everybody may',
  });
}

function hostsOf({ address, hosts }: ToxiproxyApiOptions): readonly string[] {
  const parsed = parseHostPort(address);
  return parsed.ok ? [parsed.host, ...hosts] : hosts;
}

function readConfigOf({ config, lenient, onNote }: ToxiproxyApiOptions): ProxySpec[] {
  if (config === undefined) return [];
  const { file, text } = config;
  return readConfig(file, text, new Rules(lenient, (note) => onNote('warning', `${file}: ${note}`)));
}

/** What was in force was once taken, whatever the rules are now. */
function readLeftover({ proxies, path }: FoundSnapshot, warn: (text: string) => void): ProxySpec[] {
  try {
    return readProxies(proxies, { rules: new Rules(true, () => undefined), takesToxics: true });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    warn(`what an earlier process left behind in ${path} cannot be read: ${reasonOf(error)}`);
    return [];
  }
}

/** Throws AppError `usage` at the first that cannot be. */
async function createAll(proxies: ProxyList, specs: readonly ProxySpec[], source: string): Promise<void> {
  for (const [i, spec] of specs.entries()) {
    try {
      await proxies.create(spec);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const message = `${source}: proxy ${i + 1} (${JSON.stringify(spec.name)}): ${reasonOf(error)}`;
      throw new AppError('usage', message, { cause: error });
    }
  }
}
