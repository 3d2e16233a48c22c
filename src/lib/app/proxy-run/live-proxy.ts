import { openMetricsServer } from '../../control/metrics-server.ts';
import { createListenOptions } from '../../experiment/listen-options.ts';
import type { WatchedServices } from '../../experiment/watched-services.ts';
import type { ListenOptions } from '../../proxy/listen-options.ts';
import type { Proxy, ServiceInfo } from '../../proxy/proxy.ts';
import type { ApiSpec, ProxiedFault } from '../../scenario/proxy-config.ts';
import type { Address } from '../../scenario/scenario.ts';
import type { OwnCa } from '../own-ca.ts';
import { NOTHING, planChanges, type ProxyState, type ProxyStep } from '../proxy-changes.ts';
import { OwnPort, type PortServer } from './own-port.ts';
import { UndoList } from './undo-list.ts';

type OpeningStep = Extract<ProxyStep, { readonly do: 'listen' | 'move' | 'redirect' }>;

export interface LiveProxyParts {
  readonly proxy: Proxy;
  readonly ca: OwnCa;
  readonly watched: WatchedServices;
  /** Opens the API of services where it is configured to be. */
  readonly serveApi: (api: ApiSpec) => Promise<PortServer>;
  /** Told what could not be put back after a change had failed. */
  readonly onStuck: (reason: string) => void;
}

/** A proxy that is brought from one configuration to the next, wholly or not at all. */
export class LiveProxy {
  readonly #proxy: Proxy;
  readonly #ca: OwnCa;
  readonly #watched: WatchedServices;
  readonly #onStuck: (reason: string) => void;
  #state: ProxyState = NOTHING;
  readonly #metrics = new OwnPort();
  readonly #api = new OwnPort();
  readonly #serveApi: LiveProxyParts['serveApi'];

  constructor({ proxy, ca, watched, serveApi, onStuck }: LiveProxyParts) {
    this.#proxy = proxy;
    this.#ca = ca;
    this.#watched = watched;
    this.#serveApi = serveApi;
    this.#onStuck = onStuck;
  }

  /** Where metrics are served at this moment. */
  get metricsAddress(): Address | undefined {
    return this.#metrics.address;
  }

  /** Where services are registered at this moment, beside the socket. */
  get apiAddress(): Address | undefined {
    return this.#api.address;
  }

  /** Does what is needed, and tells how many steps that took. Throws AppError `usage` when it cannot be: then all is as before. */
  async change(to: ProxyState): Promise<number> {
    const steps = planChanges(this.#state, to);
    await this.#ca.prepareFor(Object.values(to.services));
    const undo = new UndoList();
    try {
      // Files are read before any listener is touched.
      const options = new Map<ProxyStep, ListenOptions>(
        steps.filter(isOpening).map((step) => [step, createListenOptions(step.service, this.#ca.open, this.#watched)]),
      );
      for (const step of steps) await this.#take(step, options.get(step), to.seed, undo);
    } catch (error) {
      await undo.run(this.#onStuck);
      for (const name of Object.keys(to.services))
        if (this.#state.services[name] === undefined) this.#watched.forget(name);
      for (const service of Object.values(this.#state.services)) this.#watched.follow(service);
      throw error;
    }
    for (const name of Object.keys(this.#state.services))
      if (to.services[name] === undefined) this.#watched.forget(name);
    this.#state = to;
    await Promise.all([this.#metrics.settle(), this.#api.settle()]);
    return steps.length;
  }

  /** Takes no more connections, and the faults away from those that are open. */
  async stop(): Promise<void> {
    for (const { service, filters } of this.#proxy.services()) {
      for (const { id } of filters) this.#proxy.removeFilter(service, id);
      await this.#proxy.stop(service, 'leave');
    }
  }

  async close(): Promise<void> {
    this.#watched.close();
    await Promise.all([this.#proxy.close(), this.#metrics.close(), this.#api.close()]);
  }

  async #take(step: ProxyStep, options: ListenOptions | undefined, seed: number, undo: UndoList): Promise<void> {
    const proxy = this.#proxy;
    switch (step.do) {
      case 'stop':
        undo.add(() => proxy.start(step.service));
        return proxy.stop(step.service, 'leave');
      case 'forget':
        return this.#forget(step.service, undo);
      case 'listen':
      case 'move':
      case 'redirect':
        return this.#open(step.do, options, undo);
      case 'metrics':
        return this.#serveMetrics(step.address, undo);
      case 'api': {
        const { api } = step;
        return this.#api.change(api && (() => this.#serveApi(api)), undo);
      }
      case 'add':
      case 'update':
        this.#enforce(step.do, step.service, step.fault, seed, undo);
        return;
      case 'remove': {
        const fault = this.#lookupFault(step.service, step.fault);
        if (fault) undo.add(() => this.#add(step.service, fault, this.#state.seed));
        proxy.removeFilter(step.service, step.fault);
        return;
      }
    }
  }

  async #open(how: OpeningStep['do'], options: ListenOptions | undefined, undo: UndoList): Promise<void> {
    if (options === undefined) throw new Error(`nobody has said how to ${how}`);
    const proxy = this.#proxy;
    if (how === 'listen') {
      await proxy.listen(options);
      undo.add(() => proxy.forget(options.service, 'reset'));
      return;
    }
    const before = proxy.lookupService(options.service);
    if (how === 'redirect') proxy.redirect(options);
    else await proxy.start(options.service, options);
    if (before === undefined) return;
    undo.add(() => (how === 'redirect' ? proxy.redirect(before.options) : putBack(proxy, before)));
  }

  async #forget(service: string, undo: UndoList): Promise<void> {
    const before = this.#proxy.lookupService(service);
    const faults = this.#state.services[service]?.faults ?? [];
    await this.#proxy.forget(service, 'leave');
    if (before === undefined) return;
    undo.add(async () => {
      await this.#proxy.listen(before.options);
      for (const fault of faults) this.#add(service, fault, this.#state.seed);
    });
  }

  #enforce(how: 'add' | 'update', service: string, fault: ProxiedFault, seed: number, undo: UndoList): void {
    if (how === 'add') {
      this.#add(service, fault, seed);
      undo.add(() => this.#proxy.removeFilter(service, fault.id));
      return;
    }
    const before = this.#lookupFault(service, fault.id);
    this.#proxy.updateFilter(service, fault.id, fault.params);
    if (before) undo.add(() => this.#proxy.updateFilter(service, fault.id, before.params));
  }

  #add(service: string, { id, kind, params }: ProxiedFault, seed: number): void {
    this.#proxy.addFilter({ service, id, kind, params, seed });
  }

  #serveMetrics(address: Address | undefined, undo: UndoList): Promise<void> {
    return this.#metrics.change(address && (() => openMetricsServer(address, () => this.#proxy.metricsText())), undo);
  }

  #lookupFault(service: string, id: string): ProxiedFault | undefined {
    return this.#state.services[service]?.faults.find((fault) => fault.id === id);
  }
}

function isOpening(step: ProxyStep): step is OpeningStep {
  return step.do === 'listen' || step.do === 'move' || step.do === 'redirect';
}

/** Listens again where it did; when it had been stopped already, whoever stopped it starts it. */
async function putBack(proxy: Proxy, { service, options, address }: ServiceInfo): Promise<void> {
  if (address !== undefined) await proxy.start(service, options);
  else {
    await proxy.stop(service, 'leave');
    proxy.redirect(options);
  }
}
