import { createSocket } from 'node:dgram';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freePorts } from '../../support/ports.ts';
import { temporaryDirectory } from '../../support/temp.ts';
import { until } from '../../support/until.ts';
import { startTestRun } from './start-test-run.ts';

const ECHO = `
const socket = require('node:dgram').createSocket('udp4');
socket.on('message', (datagram, { port, address }) => socket.send(datagram, port, address));
socket.bind(Number(process.env.PORT), '127.0.0.1');
`;

describe('a run with a service of datagrams', () => {
  it('starts it without a connection to try, fronts it, and hurts its datagrams', async () => {
    const directory = temporaryDirectory();
    const [port, upstream] = (await freePorts(2)) as [number, number];
    writeFileSync(join(directory, 'echo.cjs'), ECHO);
    const { handle, events } = await startTestRun(
      directory,
      `version: 1
name: datagrams
services:
  echo:
    protocol: udp
    endpoints: 127.0.0.1:${upstream}
    listen: 127.0.0.1:${port}
    run: { command: ['${process.execPath}', echo.cjs], env: { PORT: ${upstream} } }
method: [{ fault: packet_loss, id: lost, target: { service: echo }, with: { loss: 100%, stream: upstream }, for: 1s }]
gate: [touched.lost > 0]
timing: { before: 0ms, after: 0ms }
`,
    );
    const client = createSocket('udp4');
    onTestFinished(() => void client.close());
    await until('the fault is in force', () =>
      events.some((event) => event.type === 'step.done' && event.subject === 'fault'),
    );
    for (let count = 0; count < 5; count++) client.send('x', port, '127.0.0.1');
    expect(await handle.finished).toMatchObject({ verdict: 'passed', exitCode: 0 });
    expect(events.filter(({ type }) => type === 'service.ready' || type === 'proxy.listening')).toMatchObject([
      { type: 'proxy.listening', service: 'echo', address: `127.0.0.1:${port}`, upstream: `127.0.0.1:${upstream}` },
      { type: 'service.ready', service: 'echo' },
    ]);
    const effect = events.find((event) => event.type === 'fault.effect');
    expect(effect).toMatchObject({ effect: { touched: 5 } });
  });
});
