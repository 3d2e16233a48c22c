import type { Proxy } from '../proxy/proxy.ts';
import type { RunContext } from './run-context.ts';

/** Opens the proxy's listeners in front of every service that has a `listen` address. Throws AppError `usage` when one cannot be had. */
export async function listenForServices({ scenario, log }: RunContext, proxy: Proxy): Promise<void> {
  for (const { name, protocol, listen, endpoints } of Object.values(scenario.services)) {
    if (!listen) continue;
    const address = await proxy.listen({ service: name, protocol, listen, upstreams: endpoints });
    log.record({
      type: 'proxy.listening',
      service: name,
      address: `${address.host}:${address.port}`,
      upstream: endpoints.map(({ host, port }) => `${host}:${port}`).join(', '),
    });
  }
}
