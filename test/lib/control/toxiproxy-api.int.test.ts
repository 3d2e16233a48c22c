import { connect } from 'node:net';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { until } from '../../support/until.ts';
import { Client, LOOPBACK, serve } from '../proxy/harness.ts';
import { errorBody, exchange, serveApi, type Served } from './api-harness.ts';

/** A server that sends back what it is sent, as the API is told of it. */
async function echo(): Promise<string> {
  const { host, port } = await serve((socket) => void socket.pipe(socket));
  return `${host}:${port}`;
}

interface Shown {
  readonly name: string;
  readonly listen: string;
  readonly toxics: readonly { readonly name: string }[];
}

async function create(
  served: Served,
  name: string,
  upstream: string,
  more: object = {},
): Promise<Shown & { port: number }> {
  const { status, body } = await served.call('POST', '/proxies', { name, upstream, listen: '127.0.0.1:0', ...more });
  expect(status, body).toBe(201);
  const shown = JSON.parse(body) as Shown;
  return { ...shown, port: portOf(shown.listen) };
}

function portOf(listen: string): number {
  return Number(listen.split(':').at(-1));
}

async function talk(port: number, text = 'hello\n'): Promise<string> {
  return new Client({ host: LOOPBACK, port }).send(text).until(text);
}

describe('every answer of the API', () => {
  it('is to the byte what Toxiproxy’s is', async () => {
    const served = await serveApi();
    const upstream = await echo();
    const { listen } = await create(served, 'a', upstream);
    const proxy = (toxics = '', at = listen, enabled = true): string =>
      `{"name":"a","listen":"${at}","upstream":"${upstream}","enabled":${enabled},"Logger":{},"toxics":[${toxics}]}`;
    const toxic =
      '{"attributes":{"latency":7,"jitter":0},"name":"l","type":"latency","stream":"upstream","toxicity":1}';
    const changed = toxic.replace('"jitter":0', '"jitter":3').replace('"toxicity":1', '"toxicity":0.5');
    const slicer =
      '{"attributes":{"average_size":9,"size_variation":0,"delay":0},"name":"slicer_downstream","type":"slicer","stream":"downstream","toxicity":1}';
    const json = 'application/json';
    const plain = 'text/plain; charset=utf-8';

    const rows: readonly [
      method: string,
      path: string,
      body: unknown,
      status: number,
      type: string | undefined,
      answer: string,
    ][] = [
      ['GET', '/version', undefined, 200, 'application/json;charset=utf-8', '{"version": "9.8.7"}\n'],
      ['GET', '/proxies', undefined, 200, json, `{"a":${proxy()}}`],
      ['GET', '/proxies/a', undefined, 200, json, proxy()],
      ['GET', '/proxies/a?x=1', undefined, 200, json, proxy()],
      ['GET', '/proxies/a/toxics', undefined, 200, json, '[]'],
      ['POST', '/proxies/a/toxics', { type: 'slicer', attributes: { average_size: 9 } }, 200, json, slicer],
      [
        'POST',
        '/proxies/a/toxics',
        { name: 'l', type: 'latency', stream: 'upstream', attributes: { latency: 7 } },
        200,
        json,
        toxic,
      ],
      ['GET', '/proxies/a/toxics/l', undefined, 200, json, toxic],
      ['GET', '/proxies/a/toxics', undefined, 200, json, `[${toxic},${slicer}]`],
      ['PATCH', '/proxies/a/toxics/l', { attributes: { jitter: 3 }, toxicity: 0.5 }, 200, json, changed],
      ['POST', '/proxies/a/toxics/l', { name: 'x', stream: 'downstream' }, 200, json, changed],
      ['GET', '/proxies/a', undefined, 200, json, proxy(`${changed},${slicer}`)],
      [
        'POST',
        '/populate',
        [{ name: 'a', listen, upstream, enabled: false }],
        201,
        json,
        `{"proxies":[${proxy(`${changed},${slicer}`)}]}`,
      ],
      ['POST', '/populate', [], 201, json, '{"proxies":null}'],
      ['DELETE', '/proxies/a/toxics/l', undefined, 204, undefined, ''],
      ['POST', '/proxies/a', { enabled: false }, 200, json, proxy(slicer, listen, false)],
      ['PATCH', '/proxies/a', { name: 'b' }, 200, json, proxy(slicer, listen, false)],
      ['POST', '/reset', undefined, 204, undefined, ''],
      ['GET', '/proxies/a', undefined, 200, json, proxy()],

      ['POST', '/proxies', '', 400, plain, errorBody(400, 'bad request body: EOF')],
      ['POST', '/proxies', '{"name"', 400, plain, errorBody(400, 'bad request body: unexpected EOF')],
      [
        'POST',
        '/proxies',
        'x',
        400,
        plain,
        errorBody(400, "bad request body: invalid character 'x' looking for beginning of value"),
      ],
      [
        'POST',
        '/proxies',
        '{} x',
        400,
        plain,
        errorBody(400, "bad request body: invalid character 'x' after top-level value"),
      ],
      ['POST', '/proxies', {}, 400, plain, errorBody(400, 'missing required field: name')],
      ['POST', '/proxies', { name: 'x' }, 400, plain, errorBody(400, 'missing required field: upstream')],
      ['POST', '/proxies', { name: 'a', upstream }, 409, plain, errorBody(409, 'proxy already exists')],
      [
        'POST',
        '/proxies',
        { name: 'x', upstream, listen },
        500,
        plain,
        errorBody(500, `listen tcp ${listen}: bind: address already in use`),
      ],
      [
        'POST',
        '/proxies',
        { name: 'x', upstream, listen: 'nowhere' },
        500,
        plain,
        errorBody(500, 'listen tcp: address nowhere: missing port in address'),
      ],
      ['GET', '/proxies/x', undefined, 404, plain, errorBody(404, 'proxy not found')],
      ['PATCH', '/proxies/x', '', 404, plain, errorBody(404, 'proxy not found')],
      ['DELETE', '/proxies/x', undefined, 404, plain, errorBody(404, 'proxy not found')],
      ['GET', '/proxies/x/toxics', undefined, 404, plain, errorBody(404, 'proxy not found')],
      ['POST', '/proxies/x/toxics', '', 404, plain, errorBody(404, 'proxy not found')],
      ['GET', '/proxies/a/toxics/x', undefined, 404, plain, errorBody(404, 'toxic not found')],
      ['PATCH', '/proxies/a/toxics/x', '', 404, plain, errorBody(404, 'toxic not found')],
      ['DELETE', '/proxies/a/toxics/x', undefined, 404, plain, errorBody(404, 'toxic not found')],
      ['POST', '/proxies/a/toxics', '', 400, plain, errorBody(400, 'bad request body: EOF')],
      ['POST', '/proxies/a/toxics', { type: 'x' }, 400, plain, errorBody(400, 'invalid toxic type')],
      [
        'POST',
        '/proxies/a/toxics',
        { type: 'noop', stream: 'x' },
        400,
        plain,
        errorBody(400, 'stream was invalid, can be either upstream or downstream'),
      ],
      [
        'POST',
        '/proxies/a/toxics',
        { type: 'latency', attributes: { latency: 'x' } },
        400,
        plain,
        errorBody(
          400,
          'bad request body: json: cannot unmarshal string into Go struct field LatencyToxic.attributes.latency of type int64',
        ),
      ],
      [
        'POST',
        '/populate',
        [{ name: 'x' }],
        400,
        json,
        '{"error":"missing required field: upstream at proxy 1","status":400,"proxies":null}',
      ],
      [
        'POST',
        '/populate',
        [
          { name: 'a', listen, upstream },
          { name: 'x', listen, upstream },
        ],
        500,
        json,
        `{"error":"listen tcp ${listen}: bind: address already in use","status":500,"proxies":[${proxy()}]}`,
      ],
      ['GET', '/nowhere', undefined, 404, plain, '404 page not found\n'],
      ['GET', '/proxies/', undefined, 404, plain, '404 page not found\n'],
      ['GET', '/proxies/%zz', undefined, 404, plain, '404 page not found\n'],
      ['PUT', '/proxies', undefined, 405, undefined, ''],
      ['GET', '/reset', undefined, 405, undefined, ''],
      ['HEAD', '/version', undefined, 405, undefined, ''],
      ['DELETE', '/proxies/a', undefined, 204, undefined, ''],
      ['GET', '/proxies', undefined, 200, json, '{}'],
    ];
    for (const [method, path, body, status, type, answer] of rows) {
      const got = await served.call(method, path, body);
      const what = `${method} ${path} ${JSON.stringify(body)}`;
      expect({ status: got.status, type: got.headers['content-type'], body: got.body }, what).toEqual({
        status,
        type,
        body: answer,
      });
      expect(got.headers['x-toxiproxy-request-id'], what).toMatch(/^[0-9a-v]{20}$/);
      expect(got.headers['x-content-type-options'], what).toBe(type === plain ? 'nosniff' : undefined);
    }
  });

  it('names what it would take where it does not take the method', async () => {
    const { call } = await serveApi();
    expect((await call('PUT', '/proxies/a')).headers).toMatchObject({
      allow: 'GET, POST, PATCH, DELETE',
      'content-length': '0',
    });
  });

  it('shows what the proxy has counted as metrics', async () => {
    const served = await serveApi();
    await talk((await create(served, 'a', await echo())).port);
    const { headers, body } = await served.call('GET', '/metrics');
    expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(body).toMatch(/^toxiproxy_proxy_received_bytes_total\{direction="upstream",proxy="a".*\} 6$/m);
  });
});

describe('proxies', () => {
  it('pass on what is sent, and tell the port that they took', async () => {
    const served = await serveApi();
    const upstream = await echo();
    for (const listen of ['', ':0', '127.0.0.1:0', 'localhost:0']) {
      const { status, body } = await served.call('POST', '/proxies', { name: `at ${listen}`, upstream, listen });
      expect(status, body).toBe(201);
      const shown = JSON.parse(body) as Shown;
      expect(portOf(shown.listen), listen).toBeGreaterThan(0);
      await talk(portOf(shown.listen));
      expect((await served.call('DELETE', `/proxies/at%20${encodeURIComponent(listen)}`)).status).toBe(204);
    }
  });

  it('that are disabled do not listen, have lost their connections, and keep their toxics', async () => {
    const served = await serveApi();
    const { port } = await create(served, 'a', await echo());
    await served.call('POST', '/proxies/a/toxics', { type: 'noop' });
    const client = new Client({ host: LOOPBACK, port }).send('one\n');
    await client.until('one');
    const { body } = await served.call('POST', '/proxies/a', { enabled: false });
    expect(JSON.parse(body)).toMatchObject({
      enabled: false,
      listen: `127.0.0.1:${port}`,
      toxics: [{ name: 'noop_downstream' }],
    });
    await client.untilClosed();
    await expect(once(connect(port, LOOPBACK), 'connect')).rejects.toThrow('ECONNREFUSED');
    await served.call('PATCH', '/proxies/a', { enabled: true });
    await talk(port);
  });

  it('that begin disabled take toxics, and have them when they are enabled', async () => {
    const served = await serveApi();
    const { listen } = await create(served, 'a', await echo(), { enabled: false, listen: 'localhost:0' });
    expect(listen).toBe('localhost:0');
    await served.call('POST', '/proxies/a/toxics', { type: 'limit_data', attributes: { bytes: 3 } });
    const shown = JSON.parse((await served.call('PATCH', '/proxies/a', { enabled: true })).body) as Shown;
    expect(await new Client({ host: LOOPBACK, port: portOf(shown.listen) }).send('hello\n').untilEnd()).toBe('hel');
  });

  it('that get another upstream drop their connections and stay where they are', async () => {
    const served = await serveApi();
    const { port } = await create(served, 'a', await echo());
    const other = await serve((socket) => void socket.end('other'));
    const client = new Client({ host: LOOPBACK, port }).send('one\n');
    await client.until('one');
    const { body } = await served.call('PATCH', '/proxies/a', { upstream: `${other.host}:${other.port}` });
    expect(JSON.parse(body)).toMatchObject({ listen: `127.0.0.1:${port}`, enabled: true });
    await client.untilClosed();
    expect(await new Client({ host: LOOPBACK, port }).untilEnd()).toBe('other');
  });

  it('that cannot move stay where they were', async () => {
    const served = await serveApi();
    const upstream = await echo();
    const { port } = await create(served, 'a', upstream);
    const taken = await create(served, 'b', upstream);
    const { status, body } = await served.call('PATCH', '/proxies/a', { listen: taken.listen });
    expect([status, body]).toEqual([500, errorBody(500, `listen tcp ${taken.listen}: bind: address already in use`)]);
    await talk(port);
    expect((await served.call('GET', '/proxies/a')).body).toContain(`"listen":"127.0.0.1:${port}"`);
  });

  it('of the same name that are asked for at once: one comes to be', async () => {
    const served = await serveApi();
    const upstream = await echo();
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => served.call('POST', '/proxies', { name: 'a', upstream, listen: '127.0.0.1:0' })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array.from({ length: 7 }, () => 409)]);
  });

  it('bring their toxics along, all or none', async () => {
    const served = await serveApi();
    const upstream = await echo();
    const wrong = {
      name: 'a',
      upstream,
      toxics: [{ type: 'limit_data', attributes: { bytes: 1 } }, { type: 'slicer' }],
    };
    const { status, body } = await served.call('POST', '/proxies', wrong);
    expect([status, body]).toEqual([400, expect.stringContaining('toxics[1]: attributes.average_size is missing')]);
    expect((await served.call('GET', '/proxies')).body).toBe('{}');
    const { port, toxics } = await create(served, 'a', upstream, { toxics: wrong.toxics.slice(0, 1) });
    expect(toxics).toMatchObject([{ name: 'limit_data_downstream' }]);
    expect(await new Client({ host: LOOPBACK, port }).send('hello\n').untilEnd()).toBe('h');
  });

  it('leniently leave toxics in the body, as Toxiproxy does', async () => {
    const served = await serveApi({ lenient: true });
    const { toxics } = await create(served, 'a', await echo(), { toxics: [{ type: 'slicer' }] });
    expect(toxics).toEqual([]);
  });

  it('that are populated again stay as they are when nothing differs, and are replaced when something does', async () => {
    const served = await serveApi();
    const upstream = await echo();
    const { listen, port } = await create(served, 'a', upstream);
    await served.call('POST', '/proxies/a/toxics', { type: 'noop' });
    const client = new Client({ host: LOOPBACK, port }).send('one\n');
    await client.until('one');
    const same = await served.call('POST', '/populate', [
      { name: 'a', upstream, listen: `localhost:${port}`, enabled: false },
    ]);
    expect(JSON.parse(same.body)).toMatchObject({
      proxies: [{ listen, enabled: true, toxics: [{ name: 'noop_downstream' }] }],
    });
    await client.send('two\n').until('two');
    const moved = await served.call('POST', '/populate', [{ name: 'a', upstream, listen: '127.0.0.1:0' }]);
    expect(JSON.parse(moved.body)).toMatchObject({ proxies: [{ enabled: true, toxics: [] }] });
    await client.untilClosed();
  });

  it('that are populated with toxics have those', async () => {
    const served = await serveApi();
    const upstream = await echo();
    const { listen } = await create(served, 'a', upstream);
    await served.call('POST', '/proxies/a/toxics', { type: 'noop', name: 'old' });
    const wanted = [{ name: 'a', upstream, listen, toxics: [{ type: 'noop', name: 'new' }] }];
    await served.call('POST', '/populate', wanted);
    expect((await served.call('GET', '/proxies/a/toxics')).body).toContain('"name":"new"');
    expect((await served.call('GET', '/proxies/a/toxics')).body).not.toContain('"name":"old"');
  });

  it('are all enabled and without toxics after a reset, whatever of it fails', async () => {
    const served = await serveApi();
    const upstream = await echo();
    const { listen } = await create(served, 'a', upstream, { enabled: true });
    await create(served, 'b', upstream, { listen, enabled: false });
    const { port } = await create(served, 'c', upstream);
    await served.call('POST', '/proxies/c/toxics', { type: 'timeout' });
    await served.call('PATCH', '/proxies/c', { enabled: false });
    const { status, body } = await served.call('POST', '/reset');
    expect([status, body]).toEqual([500, errorBody(500, `listen tcp ${listen}: bind: address already in use`)]);
    await talk(port);
  });
});

describe('who is not let in', () => {
  it.each([
    ['a browser', { 'User-Agent': 'Mozilla/5.0' }, 403, 'User agent not allowed\n'],
    ['who calls it by a foreign name', { Host: 'evil.example:8474' }, 403, undefined],
    ['a page from elsewhere', { Origin: 'http://evil.example' }, 403, undefined],
  ])('%s', async (_who, headers, status, body) => {
    const { call } = await serveApi();
    for (const path of ['/version', '/proxies', '/nowhere']) {
      const answer = await call('GET', path, undefined, headers);
      expect(answer.status).toBe(status);
      if (body !== undefined) expect(answer.body).toBe(body);
    }
  });

  it('who has no token', async () => {
    const { call } = await serveApi({ token: 's3cret' });
    const answer = await call('POST', '/reset');
    expect(answer.status).toBe(401);
    expect(answer.body).toBe(errorBody(401, 'the API wants its token: send `Authorization: Bearer …`'));
    expect(answer.headers['www-authenticate']).toBe('Bearer');
    expect((await call('POST', '/reset', undefined, { Authorization: 'Bearer s3cret' })).status).toBe(204);
  });

  it('who sends too much, and hears so', async () => {
    const { call } = await serveApi();
    const answer = await call('POST', '/proxies', ' '.repeat(1_100_000));
    expect([answer.status, answer.body]).toEqual([
      413,
      errorBody(413, 'request body too large: 1048576 bytes at most'),
    ]);
  });

  it('who sends much too much, and is cut off', async () => {
    const { api } = await serveApi();
    const head = 'POST /proxies HTTP/1.1\r\nHost: localhost\r\nContent-Length: 40000000\r\n\r\n';
    expect(await exchange(api.address.port, head + ' '.repeat(20_000_000))).toMatch(/^$|^HTTP\/1\.1 413 /);
  });

  it('who speaks no HTTP', async () => {
    const { api } = await serveApi();
    expect(await exchange(api.address.port, '\0\x01\x02nonsense\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('everybody, where others can reach it, unless there is a token or it is said that everybody may', async () => {
    for (const address of ['0.0.0.0:0', '[::]:0']) {
      const refused = { exitName: 'usage', hint: expect.stringContaining('--token') as string };
      await expect(serveApi({ address })).rejects.toMatchObject(refused);
    }
    await serveApi({ address: '0.0.0.0:0', token: 'x' });
    await serveApi({ address: '0.0.0.0:0', isOpenToAll: true });
  });

  it.each([
    ['nonsense', 'missing port in address'],
    [':8474', 'it has no host'],
    ['nowhere.invalid:1', 'lookup nowhere.invalid'],
    ['192.0.2.1:0', 'others can reach'],
  ])('an address that cannot be: %s', async (address, message) => {
    await expect(serveApi({ address })).rejects.toThrow(message);
  });

  it('a second one on the same address', async () => {
    const { api } = await serveApi();
    await expect(serveApi({ address: `127.0.0.1:${api.address.port}` })).rejects.toThrow('the address is in use');
  });
});

describe('the beginning and the end', () => {
  it('a configuration is in force before the first request is answered', async () => {
    const upstream = await echo();
    const text = JSON.stringify([
      { name: 'a', upstream, listen: '127.0.0.1:0', toxics: [{ type: 'limit_data', attributes: { bytes: 2 } }] },
    ]);
    const served = await serveApi({ lenient: true, config: { file: 'toxics.json', text } });
    const shown = JSON.parse((await served.call('GET', '/proxies/a')).body) as Shown;
    expect(await new Client({ host: LOOPBACK, port: portOf(shown.listen) }).send('hello\n').untilEnd()).toBe('he');
  });

  it('a configuration that cannot be in force leaves nothing behind', async () => {
    const upstream = await echo();
    const listen = upstream;
    const text = JSON.stringify([
      { name: 'a', upstream },
      { name: 'b', upstream: '127.0.0.1:1', listen },
    ]);
    await expect(serveApi({ config: { file: 'toxics.json', text } })).rejects.toThrow(
      `toxics.json: proxy 2 ("b"): listen tcp ${listen}: bind: address already in use`,
    );
  });

  it('at the end every proxy is gone, and what its faults did has been told', async () => {
    const served = await serveApi();
    const { port } = await create(served, 'a', await echo());
    await served.call('POST', '/proxies/a/toxics', { type: 'timeout' });
    await served.api.close();
    await expect(once(connect(port, LOOPBACK), 'connect')).rejects.toThrow('ECONNREFUSED');
    expect(served.events.map(({ type }) => type)).toEqual([
      'listener.opened',
      'fault.applied',
      'fault.removed',
      'listener.closed',
    ]);
  });

  it('a client that never finishes its request does not hold up the end', async () => {
    const served = await serveApi();
    const socket = connect(served.api.address.port, LOOPBACK);
    socket.on('error', () => undefined);
    socket.write('POST /proxies HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{');
    await once(socket, 'connect');
    await served.call('GET', '/version');
    await served.api.close();
    await until('the connection to be closed', () => socket.destroyed || socket.readableEnded);
  });
});
