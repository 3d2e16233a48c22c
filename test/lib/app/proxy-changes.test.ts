import { describe, expect, it } from 'vitest';
import { NOTHING, planChanges, type ProxyState, type ProxyStep } from '../../../src/lib/app/proxy-changes.ts';
import { parseProxyFile } from '../../../src/lib/scenario/proxy-file.ts';
import { filesInMemory, kinds } from '../scenario/support.ts';

/** A state from the services of a file, in flow style; what else the file says comes after them. */
function state(services: string, more = '', files: Readonly<Record<string, string>> = {}): ProxyState {
  const text = `version: 1\nservices: { ${services} }\n${more}`;
  const readFile = filesInMemory({ '/x/p.txt': '1', ...files });
  const config = parseProxyFile(text, { file: 'f', directory: '/x', kinds, readFile });
  return { ...config, seed: config.seed ?? 7 };
}

/** The steps in short: `listen a`, `update a.latency-1`. */
function plan(before: ProxyState, after: ProxyState): string[] {
  return planChanges(before, after).map(shorten);
}

function shorten(step: ProxyStep): string {
  switch (step.do) {
    case 'metrics':
      return step.address === undefined ? 'close metrics' : `metrics on ${step.address.host}:${step.address.port}`;
    case 'api':
      return step.api === undefined ? 'close api' : `api on ${step.api.listen.host}:${step.api.listen.port}`;
    case 'remove':
      return `remove ${step.service}.${step.fault}`;
    case 'add':
    case 'update':
      return `${step.do} ${step.service}.${step.fault.id}`;
    case 'stop':
    case 'forget':
      return `${step.do} ${step.service}`;
    default:
      return `${step.do} ${step.service.name}`;
  }
}

const service = (name: string, port: number, more = '') =>
  `${name}: { listen: "127.0.0.1:${port}", endpoints: "e:1" ${more === '' ? '' : `, ${more}`} }`;
const A = service('a', 1);
const faults = (list: string, more = '') => service('a', 1, `faults: [${list}] ${more === '' ? '' : `, ${more}`}`);
const SLOW = '{ fault: latency, id: slow, with: { delay: 1ms } }';
const CUT = '{ fault: abort, id: cut }';

const ROWS: readonly (readonly [name: string, before: ProxyState, after: ProxyState, steps: readonly string[]])[] = [
  [
    'everything, at the start',
    NOTHING,
    state(`${faults(`${SLOW}, ${CUT}`)}, ${service('b', 2)}`, 'metrics: 9'),
    ['listen a', 'listen b', 'metrics on 127.0.0.1:9', 'add a.slow', 'add a.cut'],
  ],
  ['nothing', state(A), state(A), []],
  [
    'nothing, when keys and services stand in another order',
    state(`${A}, ${service('b', 2)}`),
    state(`${service('b', 2)}, ${A}`),
    [],
  ],
  [
    'nothing, when parameters stand in another order',
    state(faults('{ fault: latency, with: { delay: 1ms, percent: 3% } }')),
    state(faults('{ fault: latency, with: { percent: 3%, delay: 1ms } }')),
    [],
  ],
  [
    'a new service, with its faults',
    state(A),
    state(`${A}, ${service('b', 2, `faults: [${CUT}]`)}`),
    ['listen b', 'add b.cut'],
  ],
  ['a service that is gone', state(`${A}, ${service('b', 2)}`), state(A), ['forget b']],
  [
    'a service under another name: its address is freed first',
    state(A),
    state(service('b', 1)),
    ['stop a', 'listen b', 'forget a'],
  ],
  ['another address', state(A), state(service('a', 2)), ['move a']],
  [
    'another address and other faults',
    state(faults(SLOW)),
    state(service('a', 2, `faults: [${CUT}]`)),
    ['move a', 'remove a.slow', 'add a.cut'],
  ],
  [
    'two addresses that change places',
    state(`${A}, ${service('b', 2)}`),
    state(`${service('a', 2)}, ${service('b', 1)}`),
    ['stop a', 'stop b', 'move a', 'move b'],
  ],
  [
    'an address that becomes all addresses: both cannot be had at once',
    state(A),
    state('a: { listen: "0.0.0.0:1", endpoints: "e:1" }'),
    ['stop a', 'move a'],
  ],
  ['the same port of another address', state(A), state('a: { listen: "127.0.0.2:1", endpoints: "e:1" }'), ['move a']],
  [
    'a name that may be the same address',
    state(A),
    state('a: { listen: "localhost:1", endpoints: "e:1" }'),
    ['stop a', 'move a'],
  ],
  ['other endpoints', state(A), state('a: { listen: "127.0.0.1:1", endpoints: ["e:1", "e:2"] }'), ['redirect a']],
  [
    'endpoints that speak TLS now',
    state(A),
    state('a: { listen: "127.0.0.1:1", endpoints: "https://e:1" }'),
    ['redirect a'],
  ],
  ['TLS', state(A), state(service('a', 1, 'tls: { certificate: local-ca }')), ['redirect a']],
  ['a protocol over the same transport', state(A), state(service('a', 1, 'protocol: tcp')), ['redirect a']],
  [
    'a protocol of datagrams: the listener begins anew, with all its faults',
    state(faults(SLOW)),
    state(service('a', 1, `protocol: udp, faults: [${SLOW}]`)),
    ['forget a', 'listen a', 'add a.slow'],
  ],
  [
    'datagrams and bytes on one port',
    state(service('a', 1, 'protocol: udp')),
    state(`${service('a', 1, 'protocol: udp')}, ${service('b', 1)}`),
    ['listen b'],
  ],
  ['a new fault', state(faults(SLOW)), state(faults(`${CUT}, ${SLOW}`)), ['add a.cut']],
  ['a fault that is gone', state(faults(`${SLOW}, ${CUT}`)), state(faults(CUT)), ['remove a.slow']],
  [
    'other parameters',
    state(faults(`${SLOW}, ${CUT}`)),
    state(faults(`${SLOW.replace('1ms', '2ms')}, ${CUT}`)),
    ['update a.slow'],
  ],
  [
    'another kind under the same id',
    state(faults('{ fault: latency, id: x, with: { delay: 1ms } }')),
    state(faults('{ fault: abort, id: x }')),
    ['remove a.x', 'add a.x'],
  ],
  [
    'another file of parameters under the same path',
    state(faults('{ fault: latency, with: { delay: 1ms, samples: p.txt } }')),
    state(faults('{ fault: latency, with: { delay: 1ms, samples: p.txt } }'), '', { '/x/p.txt': '2' }),
    ['update a.latency-1'],
  ],
  [
    'another seed: every fault begins anew',
    state(faults(`${SLOW}, ${CUT}`), 'seed: 1'),
    state(faults(`${SLOW}, ${CUT}`), 'seed: 2'),
    ['remove a.slow', 'remove a.cut', 'add a.slow', 'add a.cut'],
  ],
  [
    'a protocol, and the faults that go with it',
    state(faults(SLOW)),
    state(faults(CUT, 'protocol: tcp')),
    ['redirect a', 'remove a.slow', 'add a.cut'],
  ],
  ['an API', state(A), state(A, 'api: 9'), ['api on 127.0.0.1:9']],
  [
    'another token of the API: the address cannot be had twice',
    state(A, 'api: 9'),
    state(A, 'api: { listen: 9, token: x }'),
    ['close api', 'api on 127.0.0.1:9'],
  ],
  ['no API any more', state(A, 'api: 9'), state(A), ['close api']],
  [
    'metrics and API in the place of each other',
    state(A, 'metrics: 8\napi: 9'),
    state(A, 'metrics: 9\napi: 8'),
    ['close metrics', 'close api', 'metrics on 127.0.0.1:9', 'api on 127.0.0.1:8'],
  ],
  ['metrics', state(A), state(A, 'metrics: 9'), ['metrics on 127.0.0.1:9']],
  ['no metrics any more', state(A, 'metrics: 9'), state(A), ['close metrics']],
  ['metrics elsewhere', state(A, 'metrics: 9'), state(A, 'metrics: 8'), ['metrics on 127.0.0.1:8']],
  [
    'metrics on all addresses: both cannot be had at once',
    state(A, 'metrics: 9'),
    state(A, 'metrics: 0.0.0.0:9'),
    ['close metrics', 'metrics on 0.0.0.0:9'],
  ],
  [
    'metrics where a service was, and the service where metrics were',
    state(service('a', 1), 'metrics: 9'),
    state(service('a', 9), 'metrics: 1'),
    ['stop a', 'close metrics', 'move a', 'metrics on 127.0.0.1:1'],
  ],
  [
    'a service where metrics were, and no metrics',
    state(A, 'metrics: 9'),
    state(`${A}, ${service('b', 9)}`),
    ['close metrics', 'listen b'],
  ],
];

describe('the steps from one configuration to the next', () => {
  it.each(ROWS)('%s', (_, before, after, steps) => {
    expect(plan(before, after)).toEqual(steps);
  });

  it('carry what is to be, not what was', () => {
    const steps = planChanges(state(faults(SLOW)), state(faults(SLOW.replace('1ms', '2ms'))));
    expect(steps).toEqual([
      { do: 'update', service: 'a', fault: expect.objectContaining({ params: { delay: '2ms' } }) as object },
    ]);
  });
});
