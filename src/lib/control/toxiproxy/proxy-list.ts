import { isDeepStrictEqual } from 'node:util';
import { AppError } from '../../errors/app-error.ts';
import type { Address, ListenOptions } from '../../proxy/listen-options.ts';
import type { Proxy } from '../../proxy/proxy.ts';
import { formatHostPort } from '../../wire/host-port.ts';
import { badBody } from '../http/api-error.ts';
import { alreadyExists, notFound } from './errors.ts';
import type { GoJson, GoWritable } from './go-json.ts';
import { isMissingFamily, listenFailure, parseHostPort, resolveListen } from '../http/host-port.ts';
import type { ProxyChange, ProxySpec } from './proxy-body.ts';
import type { Rules } from './rules.ts';
import { API_PROTOCOL, describeToxic, readToxic, readToxicUpdate, type Toxic } from './toxic.ts';
import { Turns } from './turns.ts';

/** More listeners than any test bed has; each costs a descriptor. */
const MAX_PROXIES = 4096;
/** Each is asked about every connection. */
const MAX_TOXICS = 1024;

/** A proxy of the API: what the engine fronts, with its toxics as they were asked for. */
export interface ApiProxy {
  readonly name: string;
  /** Where it listens, or where it will when it is enabled. */
  readonly listen: string;
  readonly upstream: string;
  readonly enabled: boolean;
  /** In order of creation. */
  readonly toxics: readonly Toxic[];
}

interface Entry extends ApiProxy {
  listen: string;
  upstream: string;
  enabled: boolean;
  toxics: Toxic[];
  /** Whether the engine knows it: from when it was enabled first. */
  isFronted: boolean;
}

export interface ProxyListOptions {
  readonly engine: Proxy;
  readonly seed: number;
  /** Something is not as it was. */
  readonly onChange: () => void;
}

/**
 * The proxies of the API. A change that cannot be made leaves things as they were; but a proxy that was to move has lost its connections.
 *
 *     create ──▶ disabled ──enable──▶ listening ──disable──▶ disabled … ──▶ deleted
 *                                       toxics stay throughout
 */
export class ProxyList {
  readonly #engine: Proxy;
  readonly #seed: number;
  readonly #onChange: () => void;
  readonly #entries = new Map<string, Entry>();
  /** Being created at this moment: they count, too. */
  #coming = 0;
  readonly #turns = new Turns();

  constructor({ engine, seed, onChange }: ProxyListOptions) {
    this.#engine = engine;
    this.#seed = seed;
    this.#onChange = onChange;
  }

  /** Sorted by name, as Go sorts maps. */
  all(): ApiProxy[] {
    return [...this.#entries.values()].sort((one, other) =>
      Buffer.compare(Buffer.from(one.name), Buffer.from(other.name)),
    );
  }

  /** Throws ApiError 404. */
  find(name: string): ApiProxy {
    return this.#find(name);
  }

  /** Throws ApiError 409 when there is one of that name, and 500 when it cannot listen; then it does not come to be. */
  create(spec: ProxySpec): Promise<ApiProxy> {
    return this.#turns.take(spec.name, () => this.#create(spec));
  }

  /** Leaves one that is the same alone, but for toxics that were given; one that differs is replaced. Throws ApiError 500. */
  populate(spec: ProxySpec): Promise<ApiProxy> {
    return this.#turns.take(spec.name, async () => {
      const entry = this.#entries.get(spec.name);
      if (entry === undefined) return this.#create(spec);
      if (await this.#differs(entry, spec)) {
        await this.#move(entry, spec);
        this.#replaceToxics(entry, spec.toxics ?? []);
      } else if (spec.toxics !== undefined && !isSame(spec.toxics, entry.toxics)) {
        this.#replaceToxics(entry, spec.toxics);
      }
      return entry;
    });
  }

  /** Another place to listen or another upstream drops the connections. Throws ApiError 404, 500. */
  update(name: string, change: (proxy: ApiProxy) => ProxyChange): Promise<ApiProxy> {
    return this.#turns.take(name, async () => {
      const entry = this.#find(name);
      const { listen, upstream, enabled } = entry;
      const wanted = { listen, upstream, enabled, ...change(entry) };
      if ((await this.#differs(entry, wanted)) || wanted.enabled !== enabled) await this.#move(entry, wanted);
      return entry;
    });
  }

  /** Throws ApiError 404. */
  delete(name: string): Promise<void> {
    return this.#turns.take(name, async () => {
      const entry = this.#find(name);
      this.#entries.delete(name);
      this.#onChange();
      if (entry.isFronted) await this.#engine.forget(name, 'reset');
    });
  }

  /** Takes all toxics away and enables every proxy. Throws the first ApiError, once everything has been tried. */
  async reset(): Promise<void> {
    const results = await Promise.allSettled([...this.#entries.keys()].map((name) => this.#resetOne(name)));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  /** Throws ApiError 400, 404, 409. */
  addToxic(name: string, value: () => GoJson, rules: Rules): Promise<Toxic> {
    return this.#turns.take(name, () => {
      const entry = this.#find(name);
      if (entry.toxics.length >= MAX_TOXICS) throw badBody(`this proxy has ${MAX_TOXICS} toxics, and cannot have more`);
      const toxic = readToxic(value(), rules, (taken) => lookupToxic(entry, taken) !== undefined);
      this.#install(entry, toxic);
      entry.toxics = [...entry.toxics, toxic];
      this.#onChange();
      return toxic;
    });
  }

  /** Throws ApiError 400, 404. */
  updateToxic(name: string, toxicName: string, value: () => GoJson, rules: Rules): Promise<Toxic> {
    return this.#turns.take(name, () => {
      const entry = this.#find(name);
      const before = findToxic(entry, toxicName);
      const toxic = readToxicUpdate(value(), before, rules);
      this.#retune(entry, before, toxic);
      entry.toxics = entry.toxics.map((one) => (one === before ? toxic : one));
      this.#onChange();
      return toxic;
    });
  }

  /** What it holds back is let go. Throws ApiError 404. */
  removeToxic(name: string, toxicName: string): Promise<void> {
    return this.#turns.take(name, () => {
      const entry = this.#find(name);
      const toxic = findToxic(entry, toxicName);
      entry.toxics = entry.toxics.filter((one) => one !== toxic);
      this.#engine.removeFilter(name, toxic.name);
      this.#onChange();
    });
  }

  /** Stops and forgets all of them. */
  async close(): Promise<void> {
    const fronted = [...this.#entries.values()].filter(({ isFronted }) => isFronted);
    this.#entries.clear();
    await Promise.all(fronted.map(({ name }) => this.#engine.forget(name, 'reset')));
  }

  async #create(spec: ProxySpec): Promise<ApiProxy> {
    const { name, listen, upstream, toxics = [] } = spec;
    if (this.#entries.has(name)) throw alreadyExists.proxy();
    if (this.#entries.size + this.#coming >= MAX_PROXIES)
      throw badBody(`there are ${MAX_PROXIES} proxies, and cannot be more`);
    if (toxics.length > MAX_TOXICS) throw badBody(`toxics: a proxy has ${MAX_TOXICS} at most`);
    const entry: Entry = { name, listen, upstream, enabled: false, toxics: [...toxics], isFronted: false };
    this.#coming++;
    try {
      if (spec.enabled) await this.#open(entry);
    } finally {
      this.#coming--;
    }
    this.#entries.set(name, entry);
    this.#onChange();
    return entry;
  }

  /** A place that is looked up is compared as found; port 0 is always another one. */
  async #differs(entry: Entry, wanted: Pick<ProxySpec, 'listen' | 'upstream'>): Promise<boolean> {
    if (wanted.upstream !== entry.upstream) return true;
    if (wanted.listen === entry.listen) return false;
    const addresses = await resolveListen(wanted.listen);
    return addresses.every((address) => address.port === 0 || formatHostPort(address) !== entry.listen);
  }

  async #move(entry: Entry, { listen, upstream, enabled }: Required<ProxyChange>): Promise<void> {
    const before = { listen: entry.listen, upstream: entry.upstream, enabled: entry.enabled };
    // What cannot be looked up is found out before anything is stopped.
    if (enabled) await resolveListen(listen);
    if (entry.enabled) await this.#engine.stop(entry.name, 'reset');
    Object.assign(entry, { listen, upstream, enabled: false });
    try {
      if (enabled) await this.#open(entry);
    } catch (error) {
      Object.assign(entry, before, { enabled: false });
      if (before.enabled) await this.#open(entry).catch(() => undefined);
      throw error;
    } finally {
      this.#onChange();
    }
  }

  /** Throws ApiError 400 or 500, and then it is as disabled as it was. */
  async #open(entry: Entry): Promise<void> {
    const [address, ...others] = await resolveListen(entry.listen);
    try {
      await this.#openAt(entry, address);
    } catch (error) {
      const other = others[0];
      if (other === undefined || !isMissingFamily(error)) throw explain(error, address);
      await this.#openAt(entry, other).catch((again: unknown) => {
        throw explain(again, other);
      });
    }
  }

  async #openAt(entry: Entry, listen: Address): Promise<void> {
    const options: ListenOptions = {
      service: entry.name,
      protocol: API_PROTOCOL,
      listen,
      upstreams: [upstreamOf(entry.upstream)],
    };
    const { name, isFronted } = entry;
    const address = isFronted ? await this.#engine.start(name, options) : await this.#engine.listen(options);
    entry.listen = formatHostPort(address);
    entry.enabled = true;
    if (isFronted) return;
    entry.isFronted = true;
    // Nothing has been accepted yet: that needs another turn of the event loop.
    for (const toxic of entry.toxics) this.#install(entry, toxic);
  }

  #install({ name, isFronted }: Entry, { name: id, filter }: Toxic): void {
    if (isFronted && filter !== undefined) this.#engine.addFilter({ service: name, id, ...filter, seed: this.#seed });
  }

  /** Leniency may turn a toxic that does something into one that does not, and back. */
  #retune(entry: Entry, before: Toxic, toxic: Toxic): void {
    const { name, isFronted } = entry;
    if (!isFronted) return;
    if (before.filter === undefined) this.#install(entry, toxic);
    else if (toxic.filter === undefined) this.#engine.removeFilter(name, toxic.name);
    else this.#engine.updateFilter(name, toxic.name, toxic.filter.params);
  }

  #replaceToxics(entry: Entry, toxics: readonly Toxic[]): void {
    for (const { name } of entry.toxics) this.#engine.removeFilter(entry.name, name);
    entry.toxics = [...toxics];
    for (const toxic of toxics) this.#install(entry, toxic);
    this.#onChange();
  }

  #resetOne(name: string): Promise<void> {
    return this.#turns.take(name, async () => {
      const entry = this.#entries.get(name);
      if (entry === undefined) return;
      this.#replaceToxics(entry, []);
      if (!entry.enabled) await this.#open(entry);
      this.#onChange();
    });
  }

  #find(name: string): Entry {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw notFound.proxy();
    return entry;
  }
}

/** Throws ApiError 404. */
export function findToxic(proxy: ApiProxy, name: string): Toxic {
  const toxic = lookupToxic(proxy, name);
  if (toxic === undefined) throw notFound.toxic();
  return toxic;
}

function lookupToxic({ toxics }: ApiProxy, name: string): Toxic | undefined {
  return toxics.find((toxic) => toxic.name === name);
}

/** Upstream first, each in order of creation. */
export function describeToxics(toxics: readonly Toxic[]): Record<string, GoWritable>[] {
  const of = (direction: string): Toxic[] => toxics.filter((toxic) => toxic.direction === direction);
  return [...of('upstream'), ...of('downstream')].map(describeToxic);
}

/** As the API shows it, in Toxiproxy's order; `Logger` is there because it is there in every answer of Toxiproxy. */
export function describeProxy(proxy: ApiProxy): Record<string, GoWritable> {
  const { name, listen, upstream, enabled, toxics } = proxy;
  return { name, listen, upstream, enabled, Logger: {}, toxics: describeToxics(toxics) };
}

function isSame(given: readonly Toxic[], inForce: readonly Toxic[]): boolean {
  return isDeepStrictEqual(describeToxics(given), describeToxics(inForce));
}

/** It was looked at when it was given. */
function upstreamOf(text: string): Address {
  const parsed = parseHostPort(text);
  if (!parsed.ok) throw badBody(`upstream: ${parsed.problem}`);
  return { host: parsed.host === '' ? '127.0.0.1' : parsed.host, port: parsed.port };
}

function explain(error: unknown, address: Address): unknown {
  return listenFailure(address, error) ?? (error instanceof AppError ? badBody(error.message) : error);
}
