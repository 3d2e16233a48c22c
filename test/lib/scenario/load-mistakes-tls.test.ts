import { describe, expect, it } from 'vitest';
import { filesInMemory, mistakesOf, scenarioText, takeMarks, type MistakeRow } from './support.ts';

const service = (rest: string) => ({ services: `services:\n  payments: { listen: 127.0.0.1:7313, ${rest} }` });
const tls = (endpoints: string, rest: string) => service(`endpoints: ${endpoints}, tls: { ${rest} }`);

const ENDPOINTS: readonly MistakeRow[] = [
  [
    'an HTTP endpoint of a UDP service',
    service('endpoints: ▸http://a:1, protocol: udp'),
    ['service payments has "protocol: udp": write a:1, or leave the protocol out'],
  ],
  [
    'an HTTPS endpoint of a TCP service, with the port that it stands for',
    service('endpoints: [a:1, ▸https://b], protocol: tcp'),
    ['service payments has "protocol: tcp": write b:443 (TLS goes through as it comes), or leave the protocol out'],
  ],
  [
    'an HTTPS endpoint of a UDP service',
    service('endpoints: ▸https://a:1, protocol: udp'),
    ['service payments has "protocol: udp": write a:1, or leave the protocol out'],
  ],
  [
    'a plain endpoint beside one that speaks TLS',
    service('endpoints: ["https://a:1", ▸b:2]'),
    [
      'this endpoint speaks no TLS, but the one of line 4 does: all endpoints of payments must be alike, with https:// or without',
    ],
  ],
  [
    'an endpoint that speaks TLS beside a plain one',
    service('endpoints: [http://a:1, ▸https://b:2, https://c:3]'),
    [
      'this endpoint speaks TLS, and the one of line 4 does not: all endpoints of payments must be alike, with https:// or without',
    ],
  ],
  [
    'an endpoint for a name that is not like the others',
    tls('https://a:1', "serverNames: { '*.eu.test': [https://b:2, ▸c:3] }"),
    [
      'this endpoint speaks no TLS, but the one of line 4 does: all endpoints of payments must be alike, with https:// or without',
    ],
  ],
  [
    'a proxy of datagrams that calls itself',
    service('endpoints: ▸127.0.0.1:7313, protocol: udp'),
    ['the proxy of payments listens here itself ("listen"): it would call itself without end'],
  ],
];

const TLS: readonly MistakeRow[] = [
  [
    'TLS of a TCP service',
    service('endpoints: a:1, protocol: tcp, ▸tls: { certificate: local-ca }'),
    ['"tls" means nothing with "protocol: tcp": bytes go through as they come'],
  ],
  [
    'TLS of a UDP service',
    service('endpoints: a:1, protocol: udp, ▸tls: {}'),
    ['"tls" means nothing with "protocol: udp": datagrams have no TLS'],
  ],
  [
    'TLS of a service without a proxy',
    {
      services:
        'services:\n  payments: { endpoints: a:1, listen: b:2 }\n  cart: { endpoints: c:3, ▸tls: { certificate: local-ca } }',
    },
    ['"tls" is about the proxy in front of cart, and there is none: give the service a "listen" address'],
  ],
  [
    'protocols to agree on without a certificate',
    tls('a:1', '▸alpn: [h2]'),
    ['"alpn" needs a "certificate": only where TLS ends a protocol is agreed on'],
  ],
  [
    'a protocol by another name',
    tls('a:1', 'certificate: local-ca, alpn: [▸http/2]'),
    ['"http/2" is not a valid item of "alpn": expected h2 or http/1.1; did you mean "http/1.1"?'],
  ],
  [
    'TLS towards endpoints that speak none',
    tls('http://a:1', '▸upstream: { insecure: true }'),
    ['"upstream" is about https:// endpoints, and payments has none'],
  ],
  [
    'certificates to trust where any is taken',
    tls('https://a:1', 'upstream: { insecure: true, ▸ca: ca.pem }'),
    ['"ca" means nothing with "insecure: true", which takes any certificate'],
  ],
  [
    'TLS that is passed through to a plain endpoint',
    tls('a:1', 'serverNames: { b.test: ▸http://b:2 }'),
    ['TLS goes through to this endpoint as it comes: write b:2'],
  ],
  [
    'a certificate that is no word that we know',
    tls('a:1', 'certificate: ▸local'),
    ['"local" is not a valid "certificate": expected local-ca, or a mapping with "cert" and "key", two files'],
  ],
  [
    'a certificate without its key',
    tls('a:1', '▸certificate: { cert: a.pem }'),
    ['"key" is missing in "tls.certificate" of service payments: expected the path of a file'],
  ],
  [
    'a name of a server with a port',
    tls('a:1', 'serverNames: { ▸"b.test:443": b:2 }'),
    ['"b.test:443" cannot be a key here: expected the name of a server such as api.shop.test or *.shop.test'],
  ],
  [
    'a misspelt key of TLS',
    tls('a:1', '▸certifcate: local-ca'),
    ['unknown key "certifcate" in "tls" of service payments; did you mean "certificate"?'],
  ],
  [
    'a misspelt key of TLS towards the service',
    tls('https://a:1', 'upstream: { ▸servername: x }'),
    ['unknown key "servername" in "tls.upstream" of service payments; did you mean "serverName"?'],
  ],
];

const fault = (rest: string) => `method:\n  - ${rest}`;

const MISFITS: readonly MistakeRow[] = [
  [
    'a fault on a service that does not speak what it acts on',
    {
      services: 'services: { payments: { protocol: udp, endpoints: a:1, listen: b:2 } }',
      load: undefined,
      method: fault('{ fault: ▸abort, target: { service: payments }, for: 1s }'),
    },
    ['fault abort on service payments: datagrams have no connection to reset'],
  ],
  [
    'a parameter that means nothing on the protocol',
    {
      services: 'services: { payments: { protocol: tcp, endpoints: a:1, listen: b:2 } }',
      method: fault(
        '{ fault: ▸latency, target: { service: payments }, with: { delay: 1s, route: { path: / } }, for: 1s }',
      ),
    },
    ['fault latency on service payments: `route` looks at requests'],
  ],
  [
    'nothing more of a fault whose parameters are wrong already',
    {
      services: 'services: { payments: { protocol: tcp, endpoints: a:1, listen: b:2 } }',
      method: fault('{ fault: latency, target: { service: payments }, with: { delay: ▸1, route: {} }, for: 1s }'),
    },
    ['1 has no unit; write 1ms'],
  ],
  [
    'nothing more of a fault on a service whose protocol is wrong already',
    {
      services: 'services: { payments: { protocol: ▸dtp, endpoints: a:1, listen: b:2 } }',
      method: fault('{ fault: abort, target: { service: payments }, for: 1s }'),
    },
    ['"dtp" is not a valid "protocol": expected auto, http, tcp or udp'],
  ],
];

const withSamples = (file: string) =>
  fault(`{ fault: latency, target: { service: payments }, with: { delay: 1s, samples: ${file} }, for: 1s }`);

const FILES: readonly MistakeRow[] = [
  [
    'a file of parameters that is not there',
    { method: withSamples('▸data/p.txt') },
    ['cannot read /srv/shop/data/p.txt: no such file'],
  ],
  [
    'a file of parameters that the fault cannot use',
    { method: withSamples('▸bad.txt') },
    ['/srv/shop/bad.txt:2: expected a number of ms'],
  ],
  [
    'a certificate and a key that are not there',
    tls('a:1', 'certificate: { cert: ▸web.pem, key: ▸/etc/web.key }'),
    ['cannot read /srv/shop/web.pem: no such file', 'cannot read /etc/web.key: no such file'],
  ],
  [
    'files that are no PEM',
    tls('https://a:1', 'upstream: { ca: ▸bad.txt, certificate: { cert: ▸bad.txt, key: ▸bad.txt } }'),
    [
      '/srv/shop/bad.txt holds no certificate: expected PEM, with -----BEGIN CERTIFICATE-----',
      '/srv/shop/bad.txt holds no certificate: expected PEM, with -----BEGIN CERTIFICATE-----',
      '/srv/shop/bad.txt holds no private key: expected PEM, with -----BEGIN PRIVATE KEY-----',
    ],
  ],
];

describe.each([
  ['endpoints', ENDPOINTS],
  ['TLS', TLS],
  ['faults on services', MISFITS],
  ['files that are named', FILES],
])('mistakes in %s', (_, rows) => {
  it.each(rows)('%s', (_, changes, lines) => {
    const { text, places } = takeMarks(scenarioText(changes));
    const readFile = filesInMemory({ '/srv/shop/bad.txt': 'hello' });
    const expected = lines.map((line, index) => `${places[index]}  ${line}`);
    expect(mistakesOf(text, rows === FILES ? { readFile } : {})).toEqual(expected);
  });
});

describe('files that are named', () => {
  it('are not looked at when nobody says how to read them', () => {
    const { text } = takeMarks(scenarioText({ method: withSamples('bad.txt') }));
    expect(mistakesOf(text)).toEqual([]);
  });

  it('are read once, however often they are named', () => {
    const read: string[] = [];
    const method = `method: [${'{ fault: latency, target: { service: payments }, with: { delay: 1s, samples: a }, for: 1s },'.repeat(3)}]`;
    const readFile = (path: string): Buffer => {
      read.push(path);
      return Buffer.from('1');
    };
    expect(mistakesOf(scenarioText({ method }), { readFile })).toEqual([]);
    expect(read).toEqual(['/srv/shop/a']);
  });
});
