import { describe, expect, it } from 'vitest';
import { readProxies, readProxy, readProxyChange } from '../../../../src/lib/control/toxiproxy/proxy-body.ts';
import { Rules } from '../../../../src/lib/control/toxiproxy/rules.ts';
import { body } from './read-body.ts';

const rules = new Rules(false, () => undefined);
const strict = { rules, takesToxics: true };
const ENTRY = 'struct { toxiproxy.Proxy; Enabled *bool "json:\\"enabled\\"" }';

describe('the body of a new proxy', () => {
  it.each([
    [
      { name: 'a', upstream: 'h:1' },
      { name: 'a', listen: '', upstream: 'h:1', enabled: true, toxics: undefined },
    ],
    [
      { NAME: 'a', Listen: ':0', upStream: 'h:1', enabled: false, Logger: {}, toxics: null },
      { name: 'a', listen: ':0', upstream: 'h:1', enabled: false, toxics: undefined },
    ],
    [
      '{"name":"a","name":"b","upstream":"h:1","enabled":null,"toxics":[]}',
      { name: 'b', enabled: true, toxics: undefined },
    ],
  ])('%j is read', (value, spec) => {
    expect(readProxy(body(value), strict)).toMatchObject(spec);
  });

  it('may bring its toxics along', () => {
    const spec = readProxy(
      body({ name: 'a', upstream: 'h:1', toxics: [{ type: 'latency' }, { type: 'noop' }] }),
      strict,
    );
    expect(spec.toxics?.map(({ name }) => name)).toEqual(['latency_downstream', 'noop_downstream']);
  });

  it('leaves toxics where Toxiproxy leaves them', () => {
    const value = body({ name: 'a', upstream: 'h:1', toxics: [{ type: 'nonsense' }] });
    expect(readProxy(value, { rules, takesToxics: false }).toxics).toBeUndefined();
  });

  it.each([
    [{}, 'missing required field: name'],
    [{ name: 'a' }, 'missing required field: upstream'],
    [{ name: 7 }, 'bad request body: json: cannot unmarshal number into Go struct field Proxy.name of type string'],
    [
      { enabled: 'x' },
      'bad request body: json: cannot unmarshal string into Go struct field Proxy.enabled of type bool',
    ],
    [[], 'bad request body: json: cannot unmarshal array into Go value of type toxiproxy.Proxy'],
    [null, 'missing required field: name'],
    [{ name: 'a', upstream: 'h:1', lisen: ':1' }, 'bad request body: unknown field "lisen", did you mean "listen"?'],
    [
      { name: 'a', upstream: 'redis' },
      'bad request body: upstream: address redis: missing port in address; give host:port, such as 127.0.0.1:6379',
    ],
    [
      { name: 'a', upstream: 'h:1', toxics: {} },
      'bad request body: toxics is no list: give the toxics as they are given one by one',
    ],
    [{ name: 'a', upstream: 'h:1', toxics: [{ type: 'x' }] }, 'bad request body: toxics[0]: invalid toxic type'],
    [
      { name: 'a', upstream: 'h:1', toxics: [{ type: 'noop' }, { type: 'noop' }] },
      'bad request body: toxics[1]: toxic already exists',
    ],
    [
      { name: 'a', upstream: 'h:1', toxics: [{ type: 'latency', attributes: { latency: -1 } }] },
      'bad request body: toxics[0]: attributes.latency is -1: give 0 to 600000 (ms)',
    ],
  ])('%j is refused: %s', (value, message) => {
    expect(() => readProxy(body(value), strict)).toThrow(expect.objectContaining({ message }));
  });

  it('leniently, an unknown field is ignored and said to be', () => {
    const notes: string[] = [];
    const lenient = new Rules(true, (text) => notes.push(text));
    readProxy(body({ name: 'a', upstream: 'h:1', colour: 'red' }), { rules: lenient, takesToxics: false });
    expect(notes).toEqual(['unknown field "colour", known are name, listen, upstream, enabled, toxics; it is ignored']);
  });
});

describe('the body of an update', () => {
  it.each([
    [{}, {}],
    [{ enabled: false }, { enabled: false }],
    [
      { name: 'other', listen: '', upstream: 'h:2', toxics: [{}], Logger: {} },
      { listen: '', upstream: 'h:2' },
    ],
    [{ listen: null, enabled: null }, {}],
  ])('%j changes %j', (value, change) => {
    expect(readProxyChange(body(value), rules)).toEqual(change);
  });

  it.each([
    [{ upstream: '' }, 'upstream: address : missing port in address'],
    [{ upstream: 'x' }, 'missing port in address'],
    [{ listen: 5 }, 'cannot unmarshal number into Go struct field Proxy.listen of type string'],
    [{ enable: true }, 'unknown field "enable", did you mean "enabled"?'],
  ])('%j is refused', (value, message) => {
    expect(() => readProxyChange(body(value), rules)).toThrow(message);
  });
});

describe('a list of proxies', () => {
  it.each([
    [{}, `bad request body: json: cannot unmarshal object into Go value of type []${ENTRY}`],
    [[7], `bad request body: json: cannot unmarshal number into Go value of type ${ENTRY}`],
    [[{ name: 7 }], 'bad request body: json: cannot unmarshal number into Go struct field .Proxy.name of type string'],
    [[{ enabled: 7 }], 'bad request body: json: cannot unmarshal number into Go struct field .enabled of type bool'],
    [[{ upstream: 'h:1' }], 'missing required field: name at proxy 1'],
    [[{ name: 'a', upstream: 'h:1' }, { name: 'b' }], 'missing required field: upstream at proxy 2'],
    [
      [
        { name: 'a', upstream: 'h:1' },
        { name: 'a', upstream: 'h:2' },
      ],
      'bad request body: duplicate proxy name "a" at proxy 2',
    ],
    [
      [
        { name: 'a', upstream: 'h:1' },
        { name: 'b', upstream: 'h:2', toxics: [{ type: 'slicer' }] },
      ],
      'bad request body: proxy 2 ("b"): toxics[0]: attributes.average_size is missing: slicer needs it (bytes); slices of 0 bytes never end',
    ],
  ])('%j is refused: %s', (value, message) => {
    expect(() => readProxies(body(value), strict)).toThrow(expect.objectContaining({ message }));
  });

  it('may be empty', () => {
    expect(readProxies(body([]), strict)).toEqual([]);
    expect(readProxies(body(null), strict)).toEqual([]);
  });
});
