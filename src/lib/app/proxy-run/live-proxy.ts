import { openMetricsServer, type MetricsServer } from '../../control/metrics-server.ts';
import { createListenOptions } from '../../experiment/listen-options.ts';
import type { WatchedServices } from '../../experiment/watched-services.ts';
import type { ListenOptions } from '../../proxy/listen-options.ts';
import type { Proxy, ServiceInfo } from '../../proxy/proxy.ts';
import type { ProxiedFault } from '../../scenario/proxy-config.ts';
import type { Address } from '../../scenario/scenario.ts';
import type { OwnCa } from '../own-ca.ts';
import { NOTHING, planChanges, type ProxyState, type ProxyStep } from '../proxy-changes.ts';
import { UndoList } from './undo-list.ts';

type OpeningStep = Extract<ProxyStep, { readonly do: 'listen' | 'move' | 'redirect' }>;

/** A proxy that is brought from one configuration to the next, wholly or not at all. */
export class LiveProxy {
  readonly #proxy: Proxy;
  readonly #ca: OwnCa;
  readonly #watched: WatchedServices;
  /** Told what could not be put back after a change had failed. */
  readonly #onStuck: (reason: string) => void;
  #state: ProxyState = NOTHING;
  #metrics: MetricsServer | undefined;
  /** Replaced while a change goes on, and needed again if that fails. */
  #formerMetrics: MetricsServer | undefined;

  constructor(proxy: Proxy, ca: OwnCa, watched: WatchedServices, onStuck: (reason: string) => void) {
    this.#proxy = proxy;
    this.#ca = ca;
    this.#watched = watched;
    this.#onStuck = onStuck;
  }

  /** Where metrics are served at this moment. */
  get metricsAddress(): Address | undefined {
    return this.#metrics?.address;
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
    await this.#formerMetrics?.close();
    this.#formerMetrics = undefined;
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
    await Promise.all([this.#proxy.close(), this.#metrics?.close()]);
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
        return this.#changeMetrics(step.address, undo);
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

  async #changeMetrics(address: Address | undefined, undo: UndoList): Promise<void> {
    if (address === undefined) {
      const before = this.#metrics;
      await before?.close();
      this.#metrics = undefined;
      if (before) undo.add(() => this.#changeMetrics(before.address, new UndoList()));
      return;
    }
    const opened = await openMetricsServer(address, () => this.#proxy.metricsText());
    [this.#formerMetrics, this.#metrics] = [this.#metrics, opened];
    undo.add(async () => {
      await opened.close();
      [this.#metrics, this.#formerMetrics] = [this.#formerMetrics, undefined];
    });
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
