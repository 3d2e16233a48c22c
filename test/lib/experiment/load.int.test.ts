import { fork } from 'node:child_process';
import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { startLoad, type LoadOptions, type RunningLoad } from '../../../src/lib/experiment/load.ts';
import { realClock } from '../../../src/lib/runtime/clock.ts';
import type { LoadSpec } from '../../../src/lib/scenario/scenario.ts';

let server: Server | undefined;
let load: RunningLoad | undefined;

afterEach(async () => {
  await load?.stop(0);
  load = undefined;
  await close();
});

async function serve(listener: RequestListener): Promise<string> {
  const listening = createServer(listener);
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}/orders?x=1`;
}

async function close(): Promise<void> {
  const closing = server;
  server = undefined;
  if (!closing) return;
  closing.closeAllConnections();
  await new Promise((resolve) => closing.close(resolve));
}

async function start(url: string, spec: Partial<LoadSpec>, options: Partial<LoadOptions> = {}): Promise<RunningLoad> {
  load = await startLoad(
    {
      url,
      method: 'GET',
      headers: {},
      body: undefined,
      ratePerSecond: 200,
      timeoutMs: 5_000,
      okStatus: [{ from: 200, to: 399 }],
      maxInFlight: 1_000,
      ...spec,
    },
    { run: 'run-1', seed: 7, clock: realClock, phaseAt: () => 'during', ...options },
  );
  return load;
}

/** Lets the load run to the end of its time. */
async function finish(running: RunningLoad, forMs: number): Promise<Awaited<ReturnType<RunningLoad['stop']>>> {
  await realClock.sleep(running.startedMs + forMs - realClock.monotonicMs() + 1);
  return running.stop();
}

describe('the load over real sockets', () => {
  it('makes exactly the arrivals of its rate, each with its own number and trace', async () => {
    const heads: IncomingHttpHeaders[] = [];
    const sockets = new Set<unknown>();
    const url = await serve((request, response) => {
      heads.push(request.headers);
      sockets.add(request.socket);
      response.end('{"fine":true}');
    });
    const seconds: number[] = [];
    const running = await start(
      url,
      { headers: { Baggage: 'tenant=a' } },
      { forMs: 3_000, onSecond: (_, { sent }) => seconds.push(sent) },
    );
    const totals = await finish(running, 3_000);

    expect(totals).toMatchObject({ sent: 600, ok: 600, failed: 0 });
    expect(heads).toHaveLength(600);
    const numbers = heads.map(
      ({ baggage }) => /^tenant=a,chaos\.run=run-1,chaos\.request=(\d+)$/.exec(String(baggage))?.[1],
    );
    expect(numbers.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 600 }, (_, i) => i));
    const traces = heads.map(({ traceparent }) => /^00-([\da-f]{32})-[\da-f]{16}-01$/.exec(String(traceparent))?.[1]);
    expect(new Set(traces).size).toBe(600);
    expect(traces).not.toContain(undefined);
    // Connections are used again; how many there are depends on how crowded the machine is.
    expect(sockets.size).toBeLessThan(500);
    expect(totals.phases).toMatchObject([{ phase: 'during', seconds: 3 }]);
    expect(seconds.length).toBeGreaterThanOrEqual(2);
    expect(seconds.reduce((sum, sent) => sum + sent, 0)).toBeLessThanOrEqual(600);
    expect(seconds[0]).toBeGreaterThan(0);
  });

  it('sends method, path, headers and body as asked', async () => {
    const seen = new Set<string>();
    const url = await serve((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        seen.add(
          `${request.method ?? ''} ${request.url ?? ''} ${String(request.headers['x-a'])} ${request.headers['content-length'] ?? ''} ${body}`,
        );
        response.writeHead(201).end();
      });
    });
    const running = await start(
      url,
      { method: 'POST', headers: { 'X-A': '1' }, body: 'größe', ratePerSecond: 50 },
      { forMs: 200 },
    );
    expect(await finish(running, 200)).toMatchObject({ sent: 10, ok: 10 });
    expect([...seen]).toEqual(['POST /orders?x=1 1 7 größe']);
  });

  it('keeps sending while every answer takes a second, and measures that second', async () => {
    let open = 0;
    let most = 0;
    const url = await serve((_request, response) => {
      most = Math.max(most, ++open);
      setTimeout(() => {
        open--;
        response.end();
      }, 1_000);
    });
    const running = await start(url, { ratePerSecond: 50 }, { forMs: 2_000 });
    const { sent, ok, phases } = await finish(running, 2_000);
    expect({ sent, ok }).toEqual({ sent: 100, ok: 100 });
    expect(most).toBeGreaterThan(40);
    expect(phases[0]!.summary.latency.p50Ms).toBeGreaterThanOrEqual(999);
    expect(phases[0]!.summary.latency.p50Ms).toBeLessThan(1_250);
  });

  it('counts statuses and loses no request when the server dies in the middle', async () => {
    let count = 0;
    const url = await serve((_request, response) => response.writeHead(++count % 2 === 0 ? 503 : 200).end());
    const running = await start(url, {}, { forMs: 1_500 });
    await expect.poll(() => running.recent(60_000).sent, { timeout: 5_000, interval: 10 }).toBeGreaterThan(80);
    await close();
    const { sent, ok, failed, phases } = await finish(running, 1_500);
    const { errors, errorRatio } = phases[0]!.summary;
    expect(sent).toBe(300);
    expect(ok + failed).toBe(300);
    expect(Object.values(errors).reduce((sum, n) => sum + n, 0)).toBe(failed);
    expect(errors['http.503']).toBeGreaterThan(30);
    expect(errors.ECONNREFUSED).toBeGreaterThan(100);
    expect(errorRatio).toBeCloseTo(failed / 300, 9);
  });

  it('names a timeout, a reset, and a body that was cut off', async () => {
    const url = await serve((request, response) => {
      const index = Number(/chaos\.request=(\d+)/.exec(String(request.headers.baggage))?.[1]);
      if (index % 4 === 0) return;
      if (index % 4 === 1) request.socket.resetAndDestroy();
      else if (index % 4 === 2)
        response.writeHead(200, { 'content-length': '100' }).write('x', () => request.socket.destroy());
      else response.end('fine');
    });
    const running = await start(url, { ratePerSecond: 100, timeoutMs: 300 }, { forMs: 400 });
    const { sent, ok, phases } = await finish(running, 400);
    expect({ sent, ok }).toEqual({ sent: 40, ok: 10 });
    expect(phases[0]!.summary.errors).toEqual({ ECONNRESET: 10, closed: 10, timeout: 10 });
    expect(phases[0]!.summary.latency.maxMs).toBeGreaterThanOrEqual(300);
  });

  it('closes an unused connection after a second, before a server does while a request is on its way', async () => {
    const connections: { requests: number; closedAfterMs: number }[] = [];
    const raw = createTcpServer((socket) => {
      const connection = { requests: 0, closedAfterMs: 0 };
      const openedMs = realClock.monotonicMs();
      connections.push(connection);
      socket.on('data', () => {
        connection.requests++;
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
      });
      socket.on('end', () => (connection.closedAfterMs = realClock.monotonicMs() - openedMs));
    });
    await new Promise<void>((resolve) => raw.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(raw.address() as AddressInfo).port}/`;
    const running = await start(url, { ratePerSecond: 0.8 }, { forMs: 2_600 });
    expect(await finish(running, 2_600)).toMatchObject({ sent: 3, ok: 3 });
    await new Promise((resolve) => raw.close(resolve));
    expect(connections.map(({ requests }) => requests)).toEqual([1, 1, 1]);
    for (const { closedAfterMs } of connections.slice(0, 2)) {
      expect(closedAfterMs).toBeGreaterThan(900);
      expect(closedAfterMs).toBeLessThan(1_250);
    }
  });

  it('limits what is open at once, and can be cut short', async () => {
    const url = await serve(() => undefined);
    const running = await start(url, { ratePerSecond: 100, maxInFlight: 10, timeoutMs: 60_000 });
    await expect.poll(() => running.recent(60_000).sent, { timeout: 5_000, interval: 10 }).toBeGreaterThan(10);
    const beforeMs = realClock.monotonicMs();
    const { sent, failed, phases } = await running.stop(0);
    expect(realClock.monotonicMs() - beforeMs).toBeLessThan(1_000);
    expect(sent).toBe(failed);
    expect(phases[0]!.summary.errors).toMatchObject({ cut: 10, overload: sent - 10 });
  });

  it('is not disturbed by a busy main thread', async () => {
    const child = fork(join(import.meta.dirname, '../../support/plain-http-server.ts'));
    const port = await new Promise((resolve) => child.once('message', resolve));
    try {
      const running = await start(`http://127.0.0.1:${String(port)}/`, { ratePerSecond: 100 }, { forMs: 1_000 });
      const untilMs = running.startedMs + 900;
      while (realClock.monotonicMs() < untilMs) for (let i = 0; i < 1e5; i++) Math.sqrt(i);
      const { sent, ok, phases } = await finish(running, 1_000);
      expect({ sent, ok }).toEqual({ sent: 100, ok: 100 });
      expect(phases[0]!.summary.latency.p50Ms).toBeLessThan(100);
    } finally {
      child.kill('SIGKILL');
    }
  });
});
