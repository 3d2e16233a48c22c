import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { freePorts } from '../../support/ports.ts';
import { temporaryDirectory } from '../../support/temp.ts';
import { Client, LOOPBACK, serve } from '../proxy/harness.ts';
import { serveApi } from './api-harness.ts';

/** State of a process that was killed: what a living one had written, under the name of one that is gone. */
async function killed({ enabled = true, pid = 1 } = {}) {
  const stateDirectory = temporaryDirectory();
  const [apiPort = 0] = await freePorts(1);
  const address = `127.0.0.1:${apiPort}`;
  const { host, port } = await serve((socket) => void socket.pipe(socket));
  const served = await serveApi({ address, stateDirectory, seed: 77 });
  const made = await served.call('POST', '/proxies', {
    name: 'p',
    listen: '127.0.0.1:0',
    upstream: `${host}:${port}`,
    enabled,
  });
  await served.call('POST', '/proxies/p/toxics', { type: 'limit_data', toxicity: 1, attributes: { bytes: 2 } });
  await served.call('POST', '/proxies/p/toxics', {
    type: 'error',
    stream: 'upstream',
    toxicity: 0.5,
    attributes: { status: 500 },
  });
  const folder = join(stateDirectory, 'proxy-api');
  await served.api.close('leave');
  const [name = ''] = readdirSync(folder);
  const text = readFileSync(join(folder, name), 'utf8');
  rmSync(join(folder, name));
  const dead = text.replace(/"pid":\d+,"startTicks":\d+/, `"pid":${pid},"startTicks":-1`);
  writeFileSync(join(folder, name.replace(`.${process.pid}.`, `.${pid}.`)), dead);
  return { stateDirectory, address, folder, listen: (JSON.parse(made.body) as { listen: string }).listen };
}

describe('a start after a kill', () => {
  it('says what had been in force and is gone, and begins with nothing', async () => {
    const { stateDirectory, address, listen } = await killed();
    const { notes, call, api } = await serveApi({ stateDirectory, address });
    expect(notes).toEqual([
      expect.stringMatching(
        /^the proxy API on 127\.0\.0\.1:\d+ \(pid \d+, since \d{4}-.*Z\) was killed while 1 proxy and 2 toxics were in force; they are gone/,
      ),
      expect.stringContaining(`gone: proxy "p" ${listen} → 127.0.0.1:`),
    ]);
    expect(notes[1]).toContain('error_upstream (error upstream toxicity 0.5 {"status":500})');
    expect(notes[1]).toContain('limit_data_downstream (limit_data downstream {"bytes":2})');
    expect((await call('GET', '/proxies')).body).toBe('{}');
    expect(api.seed).toBe(42);
    await api.close();
    expect((await serveApi({ stateDirectory, address })).notes).toEqual([]);
  });

  it('brings it back when it is asked to: the same place, the same faults, the same dice', async () => {
    const { stateDirectory, address, listen } = await killed();
    const { notes, call, api } = await serveApi({ stateDirectory, address, restore: true, seed: undefined });
    expect(notes).toHaveLength(2);
    expect(notes[0]).toContain('they are in force again');
    expect(notes[1]).toContain('restored: proxy "p"');
    expect(JSON.parse((await call('GET', '/proxies/p')).body)).toMatchObject({
      listen,
      enabled: true,
      toxics: [
        { name: 'error_upstream', toxicity: 0.5 },
        { name: 'limit_data_downstream', attributes: { bytes: 2 } },
      ],
    });
    expect(api.seed).toBe(77);
    const client = new Client({ host: LOOPBACK, port: Number(listen.split(':')[1]) });
    expect(await client.send('hello\n').untilEnd()).toBe('he');
  });

  it('what was disabled comes back disabled', async () => {
    const { stateDirectory, address } = await killed({ enabled: false });
    const { call } = await serveApi({ stateDirectory, address, restore: true });
    expect(JSON.parse((await call('GET', '/proxies/p')).body)).toMatchObject({ enabled: false, listen: '127.0.0.1:0' });
  });

  it('what is restored is not touched by the configuration, and the rest of that comes besides', async () => {
    const { stateDirectory, address } = await killed();
    const text = JSON.stringify([
      { name: 'p', listen: '127.0.0.1:0', upstream: '127.0.0.1:1' },
      { name: 'q', listen: '127.0.0.1:0', upstream: '127.0.0.1:1' },
    ]);
    const { call } = await serveApi({ stateDirectory, address, restore: true, config: { file: 'c.json', text } });
    const proxies = JSON.parse((await call('GET', '/proxies')).body) as Record<string, { toxics: unknown[] }>;
    expect(Object.keys(proxies)).toEqual(['p', 'q']);
    expect(proxies.p?.toxics).toHaveLength(2);
  });

  it('what cannot all be restored is not restored at all, and stays written down', async () => {
    const { stateDirectory, address, listen, folder } = await killed();
    const { api } = await serveApi({ address: listen });
    await expect(serveApi({ stateDirectory, address, restore: true })).rejects.toThrow(
      `proxy 1 ("p"): listen tcp ${listen}: bind: address already in use`,
    );
    expect(readdirSync(folder)).toHaveLength(1);
    await api.close();
    await serveApi({ stateDirectory, address, restore: true });
  });

  it.each([1, process.pid])(
    'what is in force then is written down, whatever number the other one had: %d',
    async (pid) => {
      const { stateDirectory, address, folder } = await killed({ pid });
      const { api } = await serveApi({ stateDirectory, address });
      expect(readdirSync(folder)).toEqual([expect.stringMatching(`\\.${process.pid}\\.json$`)]);
      await api.close();
      expect(readdirSync(folder)).toEqual([]);
    },
  );

  it('is refused while the other one lives', async () => {
    const stateDirectory = temporaryDirectory();
    const [port = 0] = await freePorts(1);
    const address = `127.0.0.1:${port}`;
    await serveApi({ stateDirectory, address });
    await expect(serveApi({ stateDirectory, address })).rejects.toMatchObject({
      exitName: 'usage',
      message: `another process (pid ${process.pid}) serves the proxy API on ${address}`,
    });
  });

  it('two on any free port do not hinder each other', async () => {
    const stateDirectory = temporaryDirectory();
    await serveApi({ stateDirectory });
    await serveApi({ stateDirectory });
  });
});
