import { describe, expect, it } from 'vitest';
import { filesInMemory, mistakesOf, parseProxy, takeMarks } from './support.ts';

const COMPLETE = `
# yaml-language-server: $schema=../../docs/proxy.schema.json
version: 1
seed: 42
variables:
  KEY: { secret: true, default: hush }
metrics: 9474
services:
  payments:
    protocol: http
    listen: 127.0.0.1:7313
    endpoints: ["https://127.0.0.1:7303", "https://[::1]:7303"]
    tls:
      certificate: local-ca
      upstream: { ca: ca.pem }
    faults:
      - fault: latency
        with: { delay: 300ms, percent: 30%, samples: p.txt }
      - { fault: abort, id: cut }
      - { fault: latency, with: { delay: "\${D:-1s}" } }
  dns: { protocol: udp, listen: "[::1]:5353", endpoints: 127.0.0.1:53 }
`;

describe('parseProxyFile', () => {
  it('brings every part of a file into the form that the proxy takes', () => {
    const config = parseProxy(COMPLETE);
    expect(config).toMatchObject({
      file: 's.yaml',
      seed: 42,
      metrics: { host: '127.0.0.1', port: 9474 },
      secrets: ['hush'],
    });
    expect(config.services).toMatchObject({
      payments: {
        name: 'payments',
        protocol: 'http',
        listen: { host: '127.0.0.1', port: 7313 },
        endpoints: [
          { host: '127.0.0.1', port: 7303, tls: true },
          { host: '::1', port: 7303, tls: true },
        ],
        tls: { certificate: 'local-ca', upstream: { ca: '/srv/shop/ca.pem' } },
        faults: [
          { id: 'latency-1', kind: 'latency', params: { delay: '300ms', percent: '30%', samples: '/srv/shop/p.txt' } },
          { id: 'cut', kind: 'abort', params: {} },
          { id: 'latency-2', kind: 'latency', params: { delay: '1s' } },
        ],
      },
      dns: { protocol: 'udp', listen: { host: '::1', port: 5353 }, tls: undefined, faults: [] },
    });
  });

  it.each([
    ['9474', { host: '127.0.0.1', port: 9474 }],
    ['"9474"', { host: '127.0.0.1', port: 9474 }],
    ['"${P:-9474}"', { host: '127.0.0.1', port: 9474 }],
    ['0.0.0.0:9474', { host: '0.0.0.0', port: 9474 }],
    ['"[::1]:9474"', { host: '::1', port: 9474 }],
  ])('takes %s as the address of metrics', (metrics, address) => {
    const text = `version: 1\nmetrics: ${metrics}\nservices: { a: { listen: b:1, endpoints: c:2 } }`;
    expect(parseProxy(text).metrics).toEqual(address);
  });

  it.each([
    ['8475', { listen: { host: '127.0.0.1', port: 8475 }, token: undefined, hosts: [] }],
    ['0.0.0.0:8475', { listen: { host: '0.0.0.0', port: 8475 }, token: undefined, hosts: [] }],
    [
      '{ listen: 8475, token: geheim, hosts: [registry] }',
      { listen: { host: '127.0.0.1', port: 8475 }, token: 'geheim', hosts: ['registry'] },
    ],
  ])('takes %s as the API, and hides its token', (api, expected) => {
    const config = parseProxy(`version: 1\napi: ${api}\nservices: { a: { listen: b:1, endpoints: c:2 } }`);
    expect(config.api).toEqual(expected);
    expect(config.secrets).toEqual(expected.token === undefined ? [] : [expected.token]);
  });

  it('numbers the faults of each service by themselves', () => {
    const config = parseProxy(`version: 1
services:
  a: { listen: a:1, endpoints: c:2, faults: [{ fault: abort }, { fault: abort, id: abort-1 }] }
  b: { listen: a:2, endpoints: c:2, faults: [{ fault: abort }] }`);
    expect(Object.values(config.services).map(({ faults }) => faults.map(({ id }) => id))).toEqual([
      ['abort-2', 'abort-1'],
      ['abort-1'],
    ]);
  });

  it('tells by a digest when a file that it names is another one', () => {
    const digests = (files: Readonly<Record<string, string>>) => {
      const text = `version: 1
services:
  a: { listen: a:1, endpoints: c:2, faults: [{ fault: latency, with: { delay: 1s, samples: p } }, { fault: abort }] }`;
      const { a } = parseProxy(text, { readFile: filesInMemory(files) }).services;
      return [a?.filesDigest, ...(a?.faults ?? []).map(({ filesDigest }) => filesDigest)];
    };
    const [tls, latency, abort] = digests({ '/srv/shop/p': '1' });
    expect([tls, abort]).toEqual(['', '']);
    expect(digests({ '/srv/shop/p': '1' })).toEqual([tls, latency, abort]);
    expect(digests({ '/srv/shop/p': '2' })[1]).not.toBe(latency);
  });

  it('lets a list of faults stand empty when it says so', () => {
    expect(parseProxy('version: 1\nseed:\nservices: { a: { listen: a:1, endpoints: c:2, faults: [] } }')).toMatchObject(
      {
        seed: undefined,
      },
    );
  });
});

const SERVICE = 'services: { a: { listen: "a:1", endpoints: "c:2" } }';
const faults = (list: string) => `version: 1\nservices: { a: { listen: "a:1", endpoints: "c:2", faults: [${list}] } }`;

describe('mistakes in a proxy file', () => {
  it.each<[name: string, text: string, lines: readonly string[]]>([
    [
      'a misspelt section',
      `version: 1\n▸sevices: { a: { listen: "a:1", endpoints: "c:2" } }`,
      ['unknown key "sevices" in the proxy file; did you mean "services"?'],
    ],
    ['another version', `version: ▸2\n${SERVICE}`, ['2 is not a valid "version": expected 1']],
    ['no services', 'version: 1\n▸services:', ['"services" is empty: expected a mapping']],
    [
      'a section of scenarios',
      `version: 1\n${SERVICE}\n▸method: []`,
      ['unknown key "method" in the proxy file; expected one of: version, seed, variables, metrics, api, services'],
    ],
    [
      'a service that is to be started',
      'version: 1\nservices: { a: { listen: "a:1", endpoints: "c:2", ▸run: { command: x } } }',
      ['"run" stands only in scenarios: a proxy starts no services'],
    ],
    [
      'a service that is to be started, and more that is wrong with it',
      'version: 1\nservices: { a: { listen: "a:1", ▸run: { command: x }, endpoints: ▸c } }',
      [
        '"run" stands only in scenarios: a proxy starts no services',
        '"c" is not a valid "endpoints": expected http://host:port, https://host:port or host:port, such as http://127.0.0.1:7303',
      ],
    ],
    [
      'a service without an address to listen on',
      'version: 1\nservices: { ▸a: { endpoints: "c:2" } }',
      ['"listen" is missing in service a: expected host:port, such as 127.0.0.1:7313'],
    ],
    [
      'TLS of a service without an address to listen on',
      'version: 1\nservices: { ▸a: { endpoints: "c:2", tls: { certificate: local-ca } } }',
      ['"listen" is missing in service a: expected host:port, such as 127.0.0.1:7313'],
    ],
    [
      'metrics without a port',
      `version: 1\nmetrics: ▸localhost\n${SERVICE}`,
      ['"localhost" is not a valid "metrics": expected a port such as 9474, or host:port'],
    ],
    [
      'metrics on a port that there is not',
      `version: 1\nmetrics: ▸70000\n${SERVICE}`,
      ['70000 is not a valid "metrics": expected a port such as 9474, or host:port'],
    ],
    [
      'metrics where a service listens',
      'version: 1\nmetrics: ▸9474\nservices: { a: { listen: 0.0.0.0:9474, endpoints: "c:2" } }',
      ['service a listens there already (line 3)'],
    ],
    [
      'an API where metrics are',
      `version: 1\nmetrics: 9474\napi: { listen: ▸9474 }\n${SERVICE}`,
      ['"metrics" listens there already (line 2)'],
    ],
    [
      'an API without an address',
      `version: 1\napi: ▸localhost\n${SERVICE}`,
      ['"localhost" is not a valid "api": expected a port such as 8475, host:port, or {listen, token, hosts}'],
    ],
    [
      'two services on one address',
      'version: 1\nservices: { a: { listen: "a:1", endpoints: "c:2" }, b: { listen: ▸"a:1", endpoints: "c:2" } }',
      ['service a listens there already (line 2)'],
    ],
    ['an unknown fault', faults('{ fault: ▸latensy }'), ['unknown fault kind "latensy"; did you mean "latency"?']],
    [
      'a fault that does not act in a proxy',
      faults('{ fault: ▸cpu, with: { load: 10% } }'),
      ['fault cpu acts on processes, not on what passes a proxy: it stands only in scenarios'],
    ],
    [
      'a fault with what only steps of a scenario have',
      faults('{ fault: abort, ▸for: 3s }'),
      ['unknown key "for" in fault abort; expected one of: fault, id, with'],
    ],
    [
      'a missing parameter',
      faults('▸{ fault: latency, with: {} }').replace('▸{ fault: latency, with', '{ fault: latency, ▸with'),
      ['"delay" is missing in "with" of fault latency: expected a duration such as 300ms, 3.2s or 1m30s'],
    ],
    [
      'a fault that means nothing on what the service speaks',
      'version: 1\nservices: { a: { protocol: udp, listen: "a:1", endpoints: "c:2", faults: [{ fault: ▸abort }] } }',
      ['fault abort on service a: datagrams have no connection to reset'],
    ],
    [
      'a file of parameters that is not there',
      faults('{ fault: latency, with: { delay: 1s, samples: ▸p.txt } }'),
      ['cannot read /srv/shop/p.txt: no such file'],
    ],
    [
      'two faults of one id on a service',
      faults('{ fault: abort, id: x }, { fault: abort, id: ▸x }'),
      ['duplicate id "x"; line 2 has it already'],
    ],
    ['a fault as a text', faults('▸abort'), ['expected a mapping with "fault": latency or abort']],
    [
      'a list of faults left empty',
      faults('').replace('faults: []', '▸faults:'),
      ['"faults" is empty: expected a list'],
    ],
  ])('%s', (_, marked, lines) => {
    const { text, places } = takeMarks(marked);
    const expected = lines.map((line, index) => `${places[index]}  ${line}`);
    expect(mistakesOf(text, { readFile: filesInMemory({}) }, parseProxy)).toEqual(expected);
  });

  it('name what it needs when the file is empty', () => {
    expect(() => parseProxy('# soon')).toThrow('s.yaml: the file is empty');
  });

  it('mention a variable from the command line that is not used', () => {
    const lines = mistakesOf(`version: 1\n${SERVICE}`, { vars: { PORT: '1' } }, parseProxy);
    expect(lines).toEqual(['--var PORT: the proxy file has no variable of this name']);
  });

  it('never show a secret', () => {
    const text = `version: 1\nvariables: { K: { secret: true, default: hush } }\nservices: { a: { listen: "\${K}", endpoints: "c:2" } }`;
    const lines = mistakesOf(text, {}, parseProxy);
    expect(lines).toEqual(['3:26  "***" is not a valid "listen": expected host:port, such as 127.0.0.1:7313']);
  });
});
