import type { Proxy } from '../proxy/proxy.ts';
import { formatHostPort } from '../wire/host-port.ts';
import { createListenOptions } from './listen-options.ts';
import type { RunContext } from './run-context.ts';

/** Opens the proxy's listeners in front of every service that has a `listen` address. Throws AppError `usage` when one cannot be had. */
export async function listenForServices(
  { scenario, log, openLocalCa, watched }: RunContext,
  proxy: Proxy,
): Promise<void> {
  for (const service of Object.values(scenario.services)) {
    const { name, listen, endpoints } = service;
    if (!listen) continue;
    const address = await proxy.listen(createListenOptions({ ...service, listen }, openLocalCa, watched));
    log.record({
      type: 'proxy.listening',
      service: name,
      address: formatHostPort(address),
      upstream: endpoints.map(formatHostPort).join(', '),
    });
  }
}
