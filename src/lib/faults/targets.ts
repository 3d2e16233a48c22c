import type { Effect } from '../events/run-events.ts';
import type { Clock } from '../runtime/clock.ts';
import type { ProcessRef } from '../runtime/processes.ts';

/** What a service's listener expects. */
export type ServiceProtocol = 'auto' | 'http' | 'tcp' | 'udp';

export type TargetKind = 'service' | 'process' | 'host';

/** A process that a fault acts on, with what a person needs to recognise it. */
export interface TargetProcess extends ProcessRef {
  readonly name: string;
  readonly command: string;
}

/** What a fault acts on, resolved: names have become processes and listeners. */
export type Target =
  | { readonly on: 'service'; readonly service: string; readonly protocol: ServiceProtocol }
  | {
      readonly on: 'process';
      readonly label: string;
      readonly processes: readonly TargetProcess[];
      /** The service of this run that all of them are; undefined: found otherwise. */
      readonly service?: string | undefined;
    }
  | { readonly on: 'host' };

/** What the faults need of a proxy. The proxy of this process implements it; a client of a daemon can as well. */
export interface ProxyPort {
  /** The process that holds the listeners: when it is gone, so are its filters. */
  readonly owner: ProcessRef;
  hasService(service: string): boolean;
  addFilter(filter: {
    readonly service: string;
    readonly id: string;
    readonly kind: string;
    readonly params: unknown;
    readonly seed: number;
  }): void;
  /** Harmless when there is no such filter. Requests that it holds back are let go at once. */
  removeFilter(service: string, id: string): void;
  /** Also after removal; undefined when there never was one. */
  filterEffect(service: string, id: string): Effect | undefined;
  hasFilter(service: string, id: string): boolean;
}

/** What faults need of whoever has started the services of a run. A fault that keeps a service down is one of its holders. */
export interface ServicesControl {
  /** The process that started them: when it is gone, the run is over, and so are its services. */
  readonly owner: ProcessRef;
  /** Whether it has started this service, and so can do it again. */
  canStart(service: string): boolean;
  /** The longest time that `startAgain` may take, in ms. */
  startLimitMs(service: string): number;
  /**
   * Ends all processes of a service by this signal; resolves with them when they are gone. It then stays down until all its holders have let it
   * go. Throws AppError `invalid` when nothing of it runs, or something goes on.
   */
  kill(
    service: string,
    holder: string,
    signal: NodeJS.Signals,
    abort: AbortSignal,
  ): Promise<readonly (ProcessRef & { readonly name: string })[]>;
  /**
   * Lets go of a service, and starts it unless another holder keeps it down; resolves when it is ready. Undefined when nothing was started: the
   * holder does not keep it down, others do as well, or the run is about to end. Throws AppError `unhealthy` when it does not become ready.
   */
  startAgain(service: string, holder: string): Promise<Restart | undefined>;
  /** Whether the service is down, or not ready again, because of the holder. */
  isDown(service: string, holder: string): boolean;
}

export interface Restart {
  /** From its start until it was ready. */
  readonly readyAfterMs: number;
}

/** The outside world as fault kinds see it; in another process than the runner's there is no proxy. */
export interface FaultHost {
  readonly clock: Clock;
  readonly proxy: ProxyPort | undefined;
  /** In the process that runs the scenario only. */
  readonly services?: ServicesControl | undefined;
  /** Where control groups are mounted; another directory in tests. */
  readonly cgroupRoot: string;
}

/** A target in words: `service payments`, `process payments (node, pid 4312)`, `host`. */
export function formatTarget(target: Target): string {
  switch (target.on) {
    case 'service':
      return `service ${target.service}`;
    case 'process':
      return `process ${target.label} (${target.processes.map((process) => `${process.name}, pid ${process.pid}`).join('; ')})`;
    case 'host':
      return 'host';
  }
}
