import { fork } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { ServiceEvent } from '../../../src/lib/events/service-events.ts';
import { until } from '../../support/until.ts';
import type { FromRegistry, ToRegistry } from './registry-process.ts';

const IDS = Array.from({ length: 10 }, (_, i) => `e${i}`);
const STOPPED_MS = 3_000;
/** Longer than a sweep finds one due twice, shorter than what the grace leaves to live. */
const SILENT_AFTER_MS = 400;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function serveHealth(): Promise<number> {
  const server = createServer((_request, response) => response.end('fine'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

function startRegistry() {
  const child = fork(join(import.meta.dirname, 'registry-process.ts'));
  onTestFinished(() => void child.kill('SIGKILL'));
  const events: ServiceEvent[] = [];
  let isReady = false;
  child.on('message', (message: FromRegistry) => {
    if ('event' in message) events.push(message.event);
    else isReady = true;
  });
  return {
    child,
    events,
    untilReady: () => until('it runs', () => isReady),
    tell: (what: ToRegistry) => child.send(what),
  };
}

it('a registry that was stopped for far longer than all times to live drops nobody, and calls nobody unhealthy', async () => {
  const port = await serveHealth();
  const { child, events, untilReady, tell } = startRegistry();
  await untilReady();
  const beat = setInterval(() => isBeating && living.forEach((id) => tell({ heartbeat: id })), 100);
  onTestFinished(() => clearInterval(beat));
  let living = IDS;
  let isBeating = true;
  for (const id of IDS) tell({ register: id, port });
  await until('all are healthy', () => events.filter(({ type }) => type === 'endpoint.healthy').length === IDS.length);

  events.length = 0;
  isBeating = false;
  child.kill('SIGSTOP');
  await pause(STOPPED_MS);
  child.kill('SIGCONT');
  await pause(SILENT_AFTER_MS);
  isBeating = true;
  await pause(1_000);
  expect(events).toEqual([]);

  // And those who are really silent are dropped as ever.
  living = IDS.slice(1);
  await until('the silent one is dropped', () => events.length > 0);
  await pause(500);
  expect(events).toMatchObject([{ type: 'endpoint.expired', endpoint: 'e0' }]);
});
