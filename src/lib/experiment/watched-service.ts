import type { WatchedService } from '../probes/measure.ts';
import type { Proxy } from '../proxy/proxy.ts';
import type { WatchedServices } from './watched-services.ts';

/** What the proxy knows of a service at this moment; undefined when nothing looks after it. */
export function lookupWatchedService(
  proxy: Proxy,
  { registry }: WatchedServices,
  service: string,
): WatchedService | undefined {
  const protection = proxy.protection(service);
  if (protection === undefined) return undefined;
  return {
    breakers: protection.breakers.map(({ endpoint, route, state }) => ({
      name: endpoint ?? (route === undefined ? service : `${service}/${route}`),
      state,
    })),
    endpoints: registry.list(service).map(({ id, isHealthy, weight }) => ({
      endpoint: id,
      isUsable: isHealthy && weight > 0,
    })),
  };
}
