import { describe, expect, it } from 'vitest';
import { mistakesOf, parse, refusalOf, scenarioText } from './support.ts';

const COMPLETE = `
# yaml-language-server: $schema=../../docs/scenario.schema.json
version: 1
name: checkout
description: The gateway falls back to a cached answer.
tags: [demo, http]
seed: 42
variables:
  API_KEY: { secret: true, default: s3cret-key, description: of the payment provider }
services:
  payments:
    endpoints: [http://127.0.0.1:7303, "[::1]:7304"]
    listen: 127.0.0.1:7313
    run:
      command: node payments.ts
      cwd: services
      env: { PORT: 7303, VERSION: 1.10, DEBUG: true, KEY: "\${API_KEY}" }
      ready: { probe: http, with: { url: http://127.0.0.1:7303/ }, expect: { status: 200 }, timeout: 1s }
      readyWithin: 20s
      stopGrace: 0s
  cache:
    protocol: tcp
    endpoints: redis:6379
    run: { command: [redis-server, --port, 6379] }
load:
  url: http://127.0.0.1:7311/checkout
  method: POST
  headers: { x-version: 1.10 }
  body: 1.0
  rate: 90/m
  timeout: 3s
  ok: [200, 201-204]
  maxInFlight: 500
steadyState:
  - name: gateway answers
    probe: http
    with: { url: http://127.0.0.1:7311/ }
    expect: { latency: 800ms }
    when: [before, during, after]
    every: 250ms
    timeout: 1s
  - probe: http
    with: { url: http://127.0.0.1:7311/ }
method:
  - fault: latency
    target: { service: payments }
    with: { delay: 300ms, percent: 30% }
    after: 1s
    for: 6s
  - wait: 2s
  - parallel:
      - fault: cpu
        id: starve
        target: { process: { service: payments } }
        with: { load: 80% }
        for: 2s
        timeout: 3s
      - serial:
          - probe: process
          - fault: cpu
            target: host
            with: { load: 10% }
            at: 10s
guards:
  - { when: errors > 60%, for: 3s }
  - { when: probe gateway answers fails }
gate:
  - http.p99 during < 800ms
  - touched.starve > 0
timing: { before: 1s, recoverWithin: 10s, hold: 1s, after: 2s }
`;

describe('parseScenario', () => {
  it('brings every part of a scenario into base units', () => {
    const scenario = parse(COMPLETE);
    expect(scenario).toMatchObject({
      version: 1,
      name: 'checkout',
      description: 'The gateway falls back to a cached answer.',
      tags: ['demo', 'http'],
      seed: 42,
      file: 's.yaml',
      directory: '/srv/shop',
      secrets: ['s3cret-key'],
      timing: { beforeMs: 1000, recoverWithinMs: 10_000, holdMs: 1000, afterMs: 2000 },
    });
    expect(scenario.services).toEqual({
      payments: {
        name: 'payments',
        more: {},
        protocol: 'auto',
        endpoints: [
          { host: '127.0.0.1', port: 7303 },
          { host: '::1', port: 7304 },
        ],
        tls: undefined,
        listen: { host: '127.0.0.1', port: 7313 },
        run: {
          command: ['/bin/sh', '-c', 'node payments.ts'],
          directory: '/srv/shop/services',
          env: { PORT: '7303', VERSION: '1.10', DEBUG: 'true', KEY: 's3cret-key' },
          ready: { kind: 'http', params: { url: 'http://127.0.0.1:7303/' }, expect: { status: 200 }, timeoutMs: 1000 },
          readyWithinMs: 20_000,
          stopGraceMs: 0,
        },
      },
      cache: {
        name: 'cache',
        more: {},
        protocol: 'tcp',
        endpoints: [{ host: 'redis', port: 6379 }],
        tls: undefined,
        listen: undefined,
        run: {
          command: ['redis-server', '--port', '6379'],
          directory: '/srv/shop',
          env: {},
          ready: undefined,
          readyWithinMs: 15_000,
          stopGraceMs: 5000,
        },
      },
    });
    expect(scenario.load).toEqual({
      url: 'http://127.0.0.1:7311/checkout',
      method: 'POST',
      headers: { 'x-version': '1.10' },
      body: '1.0',
      ratePerSecond: 1.5,
      timeoutMs: 3000,
      okStatus: [
        { from: 200, to: 200 },
        { from: 201, to: 204 },
      ],
      maxInFlight: 500,
    });
    expect(scenario.steadyState).toEqual([
      {
        name: 'gateway answers',
        kind: 'http',
        params: { url: 'http://127.0.0.1:7311/' },
        expect: { latency: '800ms' },
        timeoutMs: 1000,
        everyMs: 250,
        when: ['before', 'during', 'after'],
      },
      {
        name: 'http 1',
        kind: 'http',
        params: { url: 'http://127.0.0.1:7311/' },
        expect: {},
        timeoutMs: 2000,
        everyMs: 500,
        when: ['before', 'after'],
      },
    ]);
    expect(scenario.guards).toEqual([
      {
        text: 'errors > 60%',
        condition: { of: 'metric', metric: { name: 'errors' }, op: '>', value: 60 },
        forMs: 3000,
      },
      {
        text: 'probe gateway answers fails',
        condition: { of: 'probe', probe: 'gateway answers', state: 'fails' },
        forMs: 0,
      },
    ]);
    expect(scenario.gate.map(({ text, unit, value }) => [text, unit, value])).toEqual([
      ['http.p99 during < 800ms', 'duration', 800],
      ['touched.starve > 0', 'number', 0],
    ]);
  });

  it('keeps the method as a tree, with the parameters of faults as they are written', () => {
    const group = { atMs: undefined, afterMs: undefined };
    expect(parse(COMPLETE).method).toEqual([
      {
        step: 'fault',
        id: 'latency-1',
        kind: 'latency',
        target: { on: 'service', service: 'payments' },
        params: { delay: '300ms', percent: '30%' },
        forMs: 6000,
        timeoutMs: 10_000,
        atMs: undefined,
        afterMs: 1000,
        path: ['method', 0],
      },
      { step: 'wait', forMs: 2000, ...group, path: ['method', 1] },
      {
        step: 'parallel',
        ...group,
        path: ['method', 2],
        steps: [
          {
            step: 'fault',
            id: 'starve',
            kind: 'cpu',
            target: { on: 'process', select: { by: 'service', service: 'payments' } },
            params: { load: '80%' },
            forMs: 2000,
            timeoutMs: 3000,
            ...group,
            path: ['method', 2, 'parallel', 0],
          },
          {
            step: 'serial',
            ...group,
            path: ['method', 2, 'parallel', 1],
            steps: [
              {
                step: 'probe',
                name: 'process 1',
                probe: { kind: 'process', params: {}, expect: {}, timeoutMs: 2000 },
                ...group,
                path: ['method', 2, 'parallel', 1, 'serial', 0],
              },
              {
                step: 'fault',
                id: 'cpu-1',
                kind: 'cpu',
                target: { on: 'host' },
                params: { load: '10%' },
                forMs: undefined,
                timeoutMs: 10_000,
                atMs: 10_000,
                afterMs: undefined,
                path: ['method', 2, 'parallel', 1, 'serial', 1],
              },
            ],
          },
        ],
      },
    ]);
  });

  it('puts defaults where a scenario says nothing', () => {
    expect(
      parse('version: 1\nname: n\nmethod: [{ fault: cpu, target: host, with: { load: 1% }, for: 1s }]'),
    ).toMatchObject({
      description: undefined,
      tags: [],
      seed: undefined,
      services: {},
      load: undefined,
      steadyState: [],
      guards: [],
      gate: [],
      secrets: [],
      timing: { beforeMs: 3000, recoverWithinMs: 30_000, holdMs: 2000, afterMs: 5000 },
    });
    expect(parse(scenarioText()).load).toMatchObject({
      method: 'GET',
      headers: {},
      body: undefined,
      timeoutMs: 5000,
      okStatus: [{ from: 200, to: 399 }],
      maxInFlight: 10_000,
    });
  });

  it.each([
    [
      'one id was given',
      '[{ fault: cpu, id: cpu-1, target: host, with: { load: 1% }, for: 1s }, { fault: cpu, target: host, with: { load: 1% }, for: 1s }]',
      ['cpu-1', 'cpu-2'],
    ],
    [
      'the second was given',
      '[{ fault: cpu, target: host, with: { load: 1% }, for: 1s }, { fault: cpu, id: cpu-1, target: host, with: { load: 1% }, for: 1s }]',
      ['cpu-2', 'cpu-1'],
    ],
  ])('makes up ids that are not taken: %s', (_, method, ids) => {
    const scenario = parse(scenarioText({ method: `method: ${method}` }));
    expect(scenario.method.map((step) => (step.step === 'fault' ? step.id : step.step))).toEqual(ids);
  });

  it.each([
    ['http://127.0.0.1:7303', { host: '127.0.0.1', port: 7303 }],
    ['http://shop.example/', { host: 'shop.example', port: 80 }],
    ['https://shop.example', { host: 'shop.example', port: 443, tls: true }],
    ['"https://[::1]:8443/"', { host: '::1', port: 8443, tls: true }],
    ['localhost:1', { host: 'localhost', port: 1 }],
    ['"[::1]:8080"', { host: '::1', port: 8080 }],
  ])('takes %s as an endpoint', (endpoint, address) => {
    const services = `services: { payments: { endpoints: ${endpoint}, listen: 127.0.0.1:7313 } }`;
    expect(parse(scenarioText({ services })).services.payments?.endpoints).toEqual([address]);
  });

  it('takes TLS towards clients and services, with paths from the folder of the file', () => {
    const services = `services:
  payments:
    protocol: http
    endpoints: https://payments.test
    listen: 127.0.0.1:7313
    tls:
      certificate: { cert: tls/web.pem, key: /etc/web.key }
      alpn: [h2, http/1.1]
      serverNames: { '*.eu.test': 'https://eu.test:8443', us.test: ['https://a.test', 'https://b.test'] }
      upstream: { serverName: pay.test, ca: ../ca.pem, certificate: { cert: c.pem, key: c.key } }`;
    expect(parse(scenarioText({ services })).services.payments).toMatchObject({
      protocol: 'http',
      endpoints: [{ host: 'payments.test', port: 443, tls: true }],
      tls: {
        certificate: { cert: '/srv/shop/tls/web.pem', key: '/etc/web.key' },
        alpn: ['h2', 'http/1.1'],
        serverNames: [
          { serverName: '*.eu.test', endpoints: [{ host: 'eu.test', port: 8443, tls: true }] },
          {
            serverName: 'us.test',
            endpoints: [
              { host: 'a.test', port: 443, tls: true },
              { host: 'b.test', port: 443, tls: true },
            ],
          },
        ],
        upstream: {
          serverName: 'pay.test',
          ca: '/srv/ca.pem',
          certificate: { cert: '/srv/shop/c.pem', key: '/srv/shop/c.key' },
          insecure: false,
        },
      },
    });
  });

  it('takes a TLS section that says nothing as TLS that is passed through', () => {
    const services = 'services: { payments: { endpoints: a:1, listen: b:2, tls: {} } }';
    const nothing = { certificate: undefined, alpn: undefined, serverNames: [], upstream: undefined };
    expect(parse(scenarioText({ services })).services.payments?.tls).toEqual(nothing);
  });

  it('makes the paths among the parameters of a fault absolute', () => {
    const method = (samples: string) =>
      `method: [{ fault: latency, target: { service: payments }, with: { delay: 1ms, samples: ${samples} }, for: 1s }]`;
    const paramsOf = (samples: string) => parse(scenarioText({ method: method(samples) })).method[0];
    expect(paramsOf('data/p.txt')).toMatchObject({ params: { delay: '1ms', samples: '/srv/shop/data/p.txt' } });
    expect(paramsOf('/var/p.txt')).toMatchObject({ params: { samples: '/var/p.txt' } });
  });

  it.each([
    ['{ pid: 12 }', { by: 'pid', pid: 12 }],
    ['{ name: redis-server }', { by: 'name', name: 'redis-server' }],
    ['{ service: payments }', { by: 'service', service: 'payments' }],
  ])('takes the process selector %s', (select, expected) => {
    const method = `method: [{ fault: cpu, target: { process: ${select} }, with: { load: 1% }, for: 1s }]`;
    expect(parse(scenarioText({ method })).method[0]).toMatchObject({ target: { on: 'process', select: expected } });
  });

  it('lets sections stand empty, as when all their items are commented out', () => {
    expect(
      mistakesOf(scenarioText({ guards: 'guards:', tags: 'tags:', steadyState: 'steadyState:', gate: 'gate: # none' })),
    ).toEqual([]);
  });

  it('takes a step whose parameters are all optional without "with", or with an empty one', () => {
    const method = (end: string) => `method: [{ fault: abort, target: { service: payments }, for: 1s${end} }]`;
    expect(parse(scenarioText({ method: method('') })).method[0]).toMatchObject({ params: {} });
    expect(parse(scenarioText({ method: method(', with:') })).method[0]).toMatchObject({ params: {} });
  });

  it('reads JSON, which is YAML', () => {
    const json = { version: 1, name: 'n', method: [{ fault: 'cpu', target: 'host', with: { load: '1%' }, for: '1s' }] };
    expect(parse(JSON.stringify(json, null, 2)).name).toBe('n');
  });

  it('reads files with Windows line ends and a byte order mark', () => {
    const text = `\uFEFF${scenarioText()}\nsed: 1\n`.replaceAll('\n', '\r\n');
    expect(mistakesOf(text)).toEqual(['7:1  unknown key "sed" in the scenario; did you mean "seed"?']);
  });
});

describe('a refusal', () => {
  const TEN = [
    'version: 1',
    'name: check out!',
    'seed: many',
    'services:',
    '  payments:',
    '    endpoints: ftp://127.0.0.1:7303',
    '    listen: 127.0.0.1:7313',
    'load: { url: http://127.0.0.1:7311/, rate: 100 }',
    'method:',
    '  - fault: latency',
    '    target: { service: paymets }',
    '    with: { dealy: 300ms, jitter: 300 }',
    '    for: 5 secs',
    '  - fault: latensy',
    '    target: { service: payments }',
    '  - wiat: 2s',
    'gate:',
    '  - http.p99 durign < 800ms',
    'extra: 1',
  ].join('\n');

  it('names all mistakes of a file at once, in its order, each with place, offending text and remedy', () => {
    expect(mistakesOf(TEN)).toEqual([
      '2:7  "check out!" is not a valid "name": expected a name of letters, digits, " ", ".", "-" and "_"',
      '3:7  "many" is not a valid "seed": expected a whole number',
      '6:16  "ftp://127.0.0.1:7303" is not a valid "endpoints": expected http://host:port, https://host:port or host:port, such as http://127.0.0.1:7303',
      '8:44  100 has no unit; write 100/s',
      '11:24  unknown service "paymets"; did you mean "payments"?',
      '12:13  unknown key "dealy" in "with" of fault latency; did you mean "delay"?',
      '12:35  300 has no unit; write 300ms',
      '13:10  "5 secs" is not understood; write 5s',
      '14:12  unknown fault kind "latensy"; did you mean "latency"?',
      '16:5  unknown key "wiat" in a step; did you mean "wait"?',
      '18:14  "durign" is not a phase: expected before, during or after; did you mean "during"?',
      '19:1  unknown key "extra" in the scenario; expected one of: version, name, description, tags, seed, variables, services, load, steadyState, method, guards, gate, timing',
    ]);
  });

  it('is one usage error that counts them', () => {
    let refusal: unknown;
    try {
      parse(TEN);
    } catch (error) {
      refusal = error;
    }
    expect(refusalOf(refusal)).toMatchObject({ message: 's.yaml: 12 mistakes', exitCode: 2 });
  });

  it('shows a hundred mistakes and counts the rest', () => {
    const many = Array.from({ length: 130 }, (_, index) => `unknown${index}: 1`).join('\n');
    const lines = mistakesOf(`${scenarioText()}\n${many}`);
    expect([lines.length, lines.at(-1)]).toEqual([101, 'and 30 more']);
  });

  it.each([
    ['nothing', ''],
    ['only a comment', '# soon\n'],
    ['only a document marker', '---\n'],
  ])('says that the file is empty when it holds %s', (_, text) => {
    expect(() => parse(text)).toThrow('s.yaml: the file is empty');
  });

  it('is never about what a missing variable would have been', () => {
    const services = 'services: { payments: { endpoints: "${NOWHERE}", listen: "${NOWHERE}:1" } }';
    const lines = mistakesOf(scenarioText({ services }));
    expect(lines.map((line) => line.split(';')[0])).toEqual([
      '3:37  no value for the variable NOWHERE',
      '3:59  no value for the variable NOWHERE',
    ]);
  });
});
