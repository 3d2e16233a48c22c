import { AppError, messageOf } from '../../errors/app-error.ts';
import type { OperatorEventBody } from '../../events/operator-events.ts';
import type { BreakerOrder } from '../../proxy/protection.ts';
import type { Proxy } from '../../proxy/proxy.ts';
import type { Endpoint } from '../../services/endpoint.ts';
import type { RegistrationRequest } from '../../services/registration.ts';
import type { ServiceRegistry } from '../../services/registry.ts';
import { ApiError } from '../http/api-error.ts';

/** Writes down what is about to be done; it is not done when that fails. */
export type RecordAction = (action: OperatorEventBody) => Promise<void> | void;

export interface ActionParts {
  readonly proxy: Proxy;
  readonly registry: ServiceRegistry;
  /** Whether endpoints may join those of a service: somebody chooses among them. */
  readonly takesEndpoints: (service: string) => boolean;
  readonly record: RecordAction;
}

/** What the API may change. Everything is held in memory only and ends with this process; what a person orders is written down first. */
export class ServiceActions {
  readonly #parts: ActionParts;

  constructor(parts: ActionParts) {
    this.#parts = parts;
  }

  /** Throws ApiError 409 where nothing could come of it. */
  register(request: RegistrationRequest): { readonly endpoint: Endpoint; readonly isNew: boolean } {
    const { registry, proxy, takesEndpoints } = this.#parts;
    const { id, service } = request;
    const known = registry.lookup(id);
    if (known?.lifetime === 'static')
      throw new ApiError(409, `endpoint ${id} stands in the configuration: change it there, or register another id`);
    if (proxy.hasService(service) && !takesEndpoints(service))
      throw new ApiError(
        409,
        `service ${service} takes no endpoints: its own take turns; give it \`balance\` and more may join`,
      );
    return { endpoint: told(() => registry.register(request)), isNew: known === undefined };
  }

  heartbeat(id: string): void {
    if (!this.#parts.registry.heartbeat(id)) throw new ApiError(404, `no endpoint ${id}: register it again`);
  }

  deregister(id: string): void {
    if (this.#find(id).lifetime === 'static')
      throw new ApiError(409, `endpoint ${id} stands in the configuration: take it out there, or drain it`);
    this.#parts.registry.deregister(id);
  }

  async drain(id: string, by: string): Promise<Endpoint> {
    const endpoint = this.#find(id);
    const undo = `faultline services undrain ${id}`;
    await this.#record({ action: 'drain', service: endpoint.service, endpoint: id, by, undo });
    this.#parts.registry.drain(id);
    return endpoint;
  }

  async undrain(id: string, by: string): Promise<Endpoint> {
    const endpoint = this.#find(id);
    const undo = `faultline services drain ${id}`;
    await this.#record({ action: 'undrain', service: endpoint.service, endpoint: id, by, undo });
    this.#parts.registry.undrain(id);
    return endpoint;
  }

  async setWeight(id: string, weight: number, by: string): Promise<Endpoint> {
    const endpoint = this.#find(id);
    const undo = `faultline services weight ${id} ${endpoint.configuredWeight}`;
    await this.#record({ action: 'weight', service: endpoint.service, endpoint: id, by, undo });
    this.#parts.registry.setWeight(id, weight);
    return endpoint;
  }

  async orderBreaker(service: string, order: BreakerOrder, by: string): Promise<void> {
    const { proxy } = this.#parts;
    const carryOut = told(() => proxy.prepareBreakerOrder(service, order));
    const breakers = proxy.protection(service)?.breakers ?? [];
    const { endpoint, route } = order;
    const before = breakers.find((one) => one.endpoint === endpoint && one.route === route)?.forced;
    const which = endpoint !== undefined ? ` --endpoint ${endpoint}` : route !== undefined ? ` --route ${route}` : '';
    const undo = `faultline breaker ${before === undefined ? 'reset' : VERBS[before]} ${service}${which}`;
    await this.#record({
      action: `breaker.${VERBS[order.to]}`,
      service,
      endpoint: endpoint ?? null,
      ...(route === undefined ? {} : { route }),
      by,
      undo,
    });
    carryOut();
  }

  #find(id: string): Endpoint {
    const endpoint = this.#parts.registry.lookup(id);
    if (endpoint === undefined) throw new ApiError(404, `no endpoint ${id}`);
    return endpoint;
  }

  async #record(action: Omit<OperatorEventBody, 'type'>): Promise<void> {
    try {
      await this.#parts.record({ type: 'operator.acted', ...action });
    } catch (error) {
      throw new ApiError(507, `it cannot be written down, so it is not done: ${messageOf(error)}`);
    }
  }
}

const VERBS = { open: 'open', closed: 'close', reset: 'reset' } as const;

/** What the registry or the proxy refuses, as an answer. */
function told<Result>(action: () => Result): Result {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw new ApiError(400, error.hint === undefined ? error.message : `${error.message} (${error.hint})`);
  }
}
