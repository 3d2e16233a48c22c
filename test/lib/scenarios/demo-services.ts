import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const DEMO_DIRECTORY = fileURLToPath(new URL('../../../scenarios/checkout/', import.meta.url));

/** How long a service may take until it listens; it takes a quarter of a second on an idle machine. */
const START_WITHIN_MS = 10_000;

export interface DemoService {
  readonly url: string;
  readonly child: ChildProcess;
}

/** Starts one service of the demo on a free port; resolves when it listens. */
export async function startService(
  name: 'gateway' | 'checkout' | 'payments',
  env: Record<string, string> = {},
): Promise<DemoService> {
  const child = spawn(process.execPath, [`services/${name}.ts`], {
    cwd: DEMO_DIRECTORY,
    env: { PATH: process.env.PATH, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const signal = AbortSignal.timeout(START_WITHIN_MS);
  try {
    const [line] = (await once(createInterface(child.stdout), 'line', { signal })) as [string];
    const url = /http:\/\/\S+$/.exec(line)?.[0];
    if (url === undefined) throw new Error(`${name} said "${line}" instead of its address`);
    return { url, child };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

/** Ends a service and waits for it; harmless when it has ended. */
export async function stopService({ child }: DemoService, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    const exit = once(child, 'exit');
    child.kill(signal);
    await exit;
  }
  return child.exitCode;
}

export interface FakeService {
  readonly url: string;
  readonly requests: { readonly path: string; readonly headers: IncomingHttpHeaders }[];
  close(): Promise<void>;
}

/** A service that records what it is asked and answers with `listener`. */
export async function startFake(listener: RequestListener): Promise<FakeService> {
  const requests: FakeService['requests'] = [];
  const server = createServer((request, response) => {
    requests.push({ path: request.url ?? '', headers: request.headers });
    listener(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
