import { parse as parseYaml } from 'yaml';
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../../src/lib/events/json.ts';
import { proxyJsonSchema, scenarioJsonSchema } from '../../../src/lib/scenario/json-schema.ts';
import { fits, isMap } from './json-schema-check.ts';
import { kinds, mistakesOf, parseProxy, scenarioText } from './support.ts';

const schema = scenarioJsonSchema(kinds);

const dataOf = (text: string): Json => parseYaml(text) as Json;
const method = (steps: string) => scenarioText({ method: `method: [${steps}]` });
const fault = 'fault: latency, target: { service: payments }, for: 1s';

describe('the JSON Schema of a scenario', () => {
  it.each([
    ['the plain base', scenarioText()],
    [
      'groups in groups',
      method(`parallel: [{ ${fault}, with: { delay: 1s } }, { serial: [{ wait: 1s }, { probe: process }] }]`),
    ],
    ['a fault without parameters', method('{ fault: abort, target: { service: payments }, for: 1s }')],
    ['a process', method('{ fault: cpu, target: { process: { pid: 12 } }, with: { load: 30%, cores: 2 }, for: 1s }')],
    ['the host', method('{ fault: cpu, target: host, with: { load: 30% }, for: 1s }')],
    [
      'lists and ranges',
      scenarioText({ load: 'load: { url: http://a/, rate: 1/s, ok: [200, 300-399], headers: { a: 1 } }' }),
    ],
    [
      'a command as a list',
      scenarioText({
        services:
          'services: { payments: { endpoints: [a:1, "http://b:2"], listen: c:3, run: { command: [node, 1, true], env: { A: 1 } } } }',
      }),
    ],
    [
      'protocols and TLS',
      scenarioText({
        services: `services:
  payments:
    protocol: auto
    endpoints: https://a
    listen: b:2
    tls:
      certificate: { cert: a.pem, key: a.key }
      alpn: [h2, http/1.1]
      serverNames: { '*.b.test': [https://b, https://c:1/] }
      upstream: { serverName: a.test, ca: ca.pem, insecure: false, certificate: { cert: c.pem, key: c.key } }
  cart: { endpoints: https://a, listen: b:3, tls: { certificate: local-ca } }
  dns: { protocol: udp, endpoints: a:53, listen: b:53 }`,
      }),
    ],
    ['variables', scenarioText({ variables: 'variables: { A_1: { secret: true, default: 3, description: x } }' })],
    [
      'thresholds',
      scenarioText({
        gate: 'gate: [errors < 1%]',
        guards: 'guards: [{ when: errors > 60%, for: 3s }]',
        timing: 'timing: { after: 0s }',
      }),
    ],
  ])('accepts what is accepted: %s', (_, text) => {
    expect([mistakesOf(text), fits(schema, dataOf(text))]).toEqual([[], true]);
  });

  it.each([
    ['a misspelt key', scenarioText({ seed: 'sed: 1' })],
    ['another version', scenarioText({ version: 'version: 2' })],
    ['no method', scenarioText({ method: undefined })],
    ['a method without a step', method('')],
    ['a misspelt parameter', method(`{ ${fault}, with: { dealy: 1s } }`)],
    ['a missing parameter', method(`{ ${fault}, with: {} }`)],
    ['parameters of another kind', method(`{ ${fault}, with: { load: 3% } }`)],
    ['a number without its unit', method(`{ ${fault}, with: { delay: 300 } }`)],
    ['a quantity in another unit', method(`{ ${fault}, with: { delay: 3 sec } }`)],
    ['an unknown kind', method('{ fault: latensy, target: { service: payments }, for: 1s }')],
    ['a target that the kind cannot act on', method(`{ fault: latency, target: host, with: { delay: 1s }, for: 1s }`)],
    ['two selectors', method('{ fault: cpu, target: { process: { pid: 1, name: x } }, with: { load: 30% }, for: 1s }')],
    ['two steps in one', method(`{ ${fault}, with: { delay: 1s }, wait: 1s }`)],
    ['a mistake deep in groups', method(`parallel: [{ ${fault}, with: { delay: 1s } }, { serial: [{ wait: x }] }]`)],
    ['an unknown phase', scenarioText({ steadyState: 'steadyState: [{ probe: process, when: [befor] }]' })],
    [
      'a tolerance of another kind',
      scenarioText({ steadyState: 'steadyState: [{ probe: process, expect: { status: 200 } }]' }),
    ],
    ['a negative seed', scenarioText({ seed: 'seed: -1' })],
    [
      'a service with a dot in its name',
      scenarioText({ services: 'services: { a.b: { endpoints: a:1 }, payments: { endpoints: b:1, listen: c:1 } }' }),
    ],
    ['a listener without a port', scenarioText({ services: 'services: { payments: { endpoints: a:1, listen: b } }' })],
    ['an unknown protocol', scenarioText({ services: 'services: { a: { protocol: ftp, endpoints: a:1 } }' })],
    ['an endpoint of another scheme', scenarioText({ services: 'services: { a: { endpoints: ftp://a } }' })],
    [
      'a certificate without its key',
      scenarioText({ services: 'services: { a: { endpoints: a:1, listen: b:1, tls: { certificate: { cert: x } } } }' }),
    ],
    [
      'a server name with a port',
      scenarioText({
        services: 'services: { a: { endpoints: a:1, listen: b:1, tls: { serverNames: { "x:1": a:1 } } } }',
      }),
    ],
    ['a declaration with a variable', scenarioText({ variables: 'variables: { A: { secret: "${B}" } }' })],
  ])('refuses what is refused: %s', (_, text) => {
    expect([mistakesOf(text).length > 0, fits(schema, dataOf(text))]).toEqual([true, false]);
  });

  it('takes a variable wherever a value stands, and nothing but a variable in place of a number', () => {
    const text = (seed: string) =>
      scenarioText({
        seed: `seed: "${seed}"`,
        name: 'name: "${NAME}"',
        services: 'services: { payments: { protocol: "${P}", endpoints: "${E}", listen: "${L:-a}" } }',
        load: 'load: { url: "${URL}", rate: "${RATE}", ok: "${OK}", maxInFlight: "${MAX}" }',
        steadyState: 'steadyState: [{ probe: http, with: { url: u }, expect: { status: "${S}" }, when: ["${W}"] }]',
        method:
          'method: [{ fault: latency, target: { service: "${T}" }, with: { delay: "${D}", distribution: "${X}" }, for: "${F}" }]',
      });
    expect(fits(schema, dataOf(text('${SEED}')))).toBe(true);
    expect(fits(schema, dataOf(text('42')))).toBe(false);
  });

  it('says what every key is for', () => {
    const silent = keysOf(schema, schema, '').filter(([, property]) => typeof property.description !== 'string');
    // What the kinds of this test say of their parameters is up to them.
    expect(silent.map(([path]) => path).filter((path) => !/\.(?:with|expect)\./.test(path))).toEqual([]);
  });

  it('tells the kinds apart by a constant, with the summary of each', () => {
    const step = asMap(asMap(schema.$defs).step);
    const [faults] = step.oneOf as readonly JsonObject[];
    const shown = (faults?.oneOf as readonly JsonObject[]).map((kind) => asMap(asMap(kind.properties).fault));
    expect(shown.map(({ const: name, description }) => [name, description])).toEqual([
      ['latency', 'Holds requests back.'],
      ['cpu', 'Takes CPU away.'],
      ['abort', 'Resets connections.'],
    ]);
  });

  it('is the same each time, and names its dialect', () => {
    expect(scenarioJsonSchema(kinds)).toEqual(schema);
    expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema');
  });
});

describe('the JSON Schema of a proxy file', () => {
  const proxySchema = proxyJsonSchema(kinds);
  const proxied = (faults: string, more = '') =>
    `version: 1\n${more}services: { a: { listen: "a:1", endpoints: ["b:2", "http://c"], faults: [${faults}] } }`;

  it.each([
    ['a service without faults', 'version: 1\nservices: { a: { listen: "a:1", endpoints: "b:2" } }'],
    ['faults with and without parameters', proxied('{ fault: latency, id: x, with: { delay: 1s } }, { fault: abort }')],
    ['everything else', proxied('', 'seed: 3\nmetrics: 9474\nvariables: { A: { default: 1 } }\n')],
    ['metrics on an address', proxied('', 'metrics: 0.0.0.0:9474\n')],
  ])('accepts what is accepted: %s', (_, text) => {
    expect([mistakesOf(text, {}, parseProxy), fits(proxySchema, dataOf(text))]).toEqual([[], true]);
  });

  it.each([
    ['a section of scenarios', proxied('', 'name: x\n')],
    ['a service that is to be started', proxied('').replace('faults: []', 'run: { command: x }')],
    ['a service that does not listen', 'version: 1\nservices: { a: { endpoints: "b:2" } }'],
    ['a fault that does not act in a proxy', proxied('{ fault: cpu, with: { load: 3% } }')],
    ['what only steps have', proxied('{ fault: abort, for: 3s }')],
    ['a missing parameter', proxied('{ fault: latency }')],
    ['metrics without a port', proxied('', 'metrics: localhost\n')],
    ['no services', 'version: 1'],
  ])('refuses what is refused: %s', (_, text) => {
    expect([mistakesOf(text, {}, parseProxy).length > 0, fits(proxySchema, dataOf(text))]).toEqual([true, false]);
  });

  it('says what every key is for, and takes variables wherever a value stands', () => {
    const silent = keysOf(proxySchema, proxySchema, '').filter(
      ([, property]) => typeof property.description !== 'string',
    );
    expect(silent.map(([path]) => path).filter((path) => !path.includes('.with.'))).toEqual([]);
    const text = `version: 1
seed: "\${S}"
metrics: "\${M}"
services: { a: { protocol: "\${P}", listen: "\${L}", endpoints: "\${E}", faults: [{ fault: latency, with: { delay: "\${D}" } }] } }`;
    expect(fits(proxySchema, dataOf(text))).toBe(true);
  });
});

/** Every key that a schema knows, by its path. */
function keysOf(part: Json, root: JsonObject, path: string): (readonly [string, JsonObject])[] {
  if (Array.isArray(part)) return part.flatMap((item: Json) => keysOf(item, root, path));
  if (!isMap(part)) return [];
  return Object.entries(part).flatMap(([keyword, value]) => {
    if (keyword !== 'properties') return keyword === 'default' ? [] : keysOf(value, root, path);
    return Object.entries(asMap(value)).flatMap(([name, property]) => [
      [`${path}.${name}`, asMap(property)] as const,
      ...keysOf(property, root, `${path}.${name}`),
    ]);
  });
}

function asMap(value: Json | undefined): JsonObject {
  return value !== undefined && isMap(value) ? value : {};
}
