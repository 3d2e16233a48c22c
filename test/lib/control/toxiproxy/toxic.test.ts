import { describe, expect, it } from 'vitest';
import { formatGoJson } from '../../../../src/lib/control/toxiproxy/go-json.ts';
import { Rules } from '../../../../src/lib/control/toxiproxy/rules.ts';
import { describeToxic, readToxic, readToxicUpdate, type Toxic } from '../../../../src/lib/control/toxiproxy/toxic.ts';
import { FILTER_KINDS } from '../../../../src/lib/proxy/filter-registry.ts';
import { body } from './read-body.ts';

const strict = new Rules(false, () => undefined);

function read(value: unknown, rules = strict): Toxic {
  return readToxic(body(value), rules, () => false);
}

/** What leniency makes of it, and what it says. */
function lenient(value: unknown): { readonly toxic: Toxic; readonly notes: string[] } {
  const notes: string[] = [];
  return { toxic: read(value, new Rules(true, (text) => notes.push(text))), notes };
}

function show(toxic: Toxic): string {
  return formatGoJson(describeToxic(toxic));
}

describe('Toxiproxy’s toxics', () => {
  it.each([
    ['latency', { latency: 100, jitter: 20 }, { delay: '100ms', jitter: '20ms' }],
    ['latency', {}, { delay: '0ms', jitter: '0ms' }],
    ['bandwidth', { rate: 64 }, { rate: '64KB/s' }],
    ['bandwidth', { rate: 0 }, { rate: '0KB/s' }],
    ['slow_close', { delay: 1500 }, { delay: '1500ms' }],
    ['timeout', { timeout: 0 }, { timeout: '0ms' }],
    ['reset_peer', { timeout: 6000 }, { timeout: '6000ms' }],
    [
      'slicer',
      { average_size: 64, size_variation: 32, delay: 10 },
      { averageSize: '64B', sizeVariation: '32B', delay: '10us' },
    ],
    ['limit_data', { bytes: 0 }, { bytes: '0B' }],
    ['packet_loss', { loss_rate: 0.25, correlation: 0.5 }, { loss: '25%', correlation: '50%' }],
  ])('%s %j is the filter with %j', (type, attributes, params) => {
    expect(read({ type, attributes, stream: 'upstream', toxicity: 0.5 }).filter).toEqual({
      kind: type,
      params: { ...params, stream: 'upstream', percent: '50%' },
    });
  });

  it('noop does nothing', () => {
    expect(read({ type: 'noop' }).filter).toBeUndefined();
    expect(show(read({ type: 'noop' }))).toBe(
      '{"attributes":{},"name":"noop_downstream","type":"noop","stream":"downstream","toxicity":1}',
    );
  });

  it.each([
    [
      { type: 'latency' },
      '{"attributes":{"latency":0,"jitter":0},"name":"latency_downstream","type":"latency","stream":"downstream","toxicity":1}',
    ],
    [
      { type: 'slicer', stream: 'UpStream', toxicity: 0.3, attributes: { Average_Size: 5 } },
      '{"attributes":{"average_size":5,"size_variation":0,"delay":0},"name":"slicer_UpStream","type":"slicer","stream":"UpStream","toxicity":0.3}',
    ],
    [
      { name: 'x', type: 'timeout', attributes: null, stream: null, toxicity: null },
      '{"attributes":{"timeout":0},"name":"x","type":"timeout","stream":"downstream","toxicity":1}',
    ],
  ])('%j is shown with all its attributes', (value, shown) => {
    expect(show(read(value))).toBe(shown);
  });

  it.each([
    [
      { type: 'latency', attributes: { latency: 'x' } },
      'json: cannot unmarshal string into Go struct field LatencyToxic.attributes.latency of type int64',
    ],
    [
      '{"type":"latency","attributes":{"latency":1.0}}',
      'json: cannot unmarshal number 1.0 into Go struct field LatencyToxic.attributes.latency of type int64',
    ],
    [
      '{"type":"latency","attributes":{"jitter":9223372036854775808}}',
      'json: cannot unmarshal number 9223372036854775808 into Go struct field LatencyToxic.attributes.jitter of type int64',
    ],
    [
      { type: 'slicer', attributes: { delay: true } },
      'json: cannot unmarshal bool into Go struct field SlicerToxic.attributes.delay of type int',
    ],
    [
      { type: 'reset_peer', attributes: { timeout: [] } },
      'json: cannot unmarshal array into Go struct field ResetToxic.attributes.timeout of type int64',
    ],
    [
      { type: 'packet_loss', attributes: { loss_rate: {} } },
      'json: cannot unmarshal object into Go struct field PacketLossToxic.attributes.loss_rate of type float64',
    ],
    [
      { type: 'latency', toxicity: '1' },
      'json: cannot unmarshal string into Go struct field ToxicWrapper.toxicity of type float32',
    ],
    [
      '{"type":"latency","toxicity":1e39}',
      'json: cannot unmarshal number 1e39 into Go struct field ToxicWrapper.toxicity of type float32',
    ],
    [{ type: 5 }, 'json: cannot unmarshal number into Go struct field ToxicWrapper.type of type string'],
    [
      { type: 'latency', attributes: [] },
      'json: cannot unmarshal array into Go struct field ToxicWrapper.attributes of type toxics.NoopToxic',
    ],
    [[], 'json: cannot unmarshal array into Go value of type toxics.ToxicWrapper'],
  ])('%j is refused in the words of Go', (value, message) => {
    expect(() => read(value)).toThrow(`bad request body: ${message}`);
  });

  it.each([
    [{ type: 'latency', stream: 'sideways' }, 400, 'stream was invalid, can be either upstream or downstream'],
    [{ type: 'down' }, 400, 'invalid toxic type'],
    [{}, 400, 'invalid toxic type'],
  ])('%j is refused with %d %s', (value, status, message) => {
    expect(() => read(value)).toThrow(expect.objectContaining({ status, message }));
  });

  it('refuses a name that is taken before it looks at the attributes', () => {
    const taken = (): void =>
      void readToxic(body({ type: 'latency', attributes: { latency: 'x' } }), strict, () => true);
    expect(taken).toThrow(expect.objectContaining({ status: 409, message: 'toxic already exists' }));
  });
});

describe('what nobody can mean', () => {
  /** What is given, what strictness says, what leniency does about it, and the filter that it makes. */
  const rows: readonly [given: object, refused: string, instead: string, params: object | undefined][] = [
    [
      { type: 'slicer', attributes: { average_size: 0 } },
      'attributes.average_size is 0: give 1 or more (bytes)',
      'the toxic does nothing',
      undefined,
    ],
    [
      { type: 'slicer', attributes: { average_size: 2, size_variation: 50 } },
      'attributes.size_variation is 50: give less than average_size (2)',
      'it counts as 1',
      { averageSize: '2B', sizeVariation: '1B', delay: '0us' },
    ],
    [
      { type: 'slicer', attributes: { average_size: 1, size_variation: -5 } },
      'attributes.size_variation is -5: give 0 or more (bytes)',
      'it counts as 0',
      { averageSize: '1B', sizeVariation: '0B', delay: '0us' },
    ],
    [
      { type: 'bandwidth', attributes: { rate: -1 } },
      'attributes.rate is -1: give 0 or more (KB/s)',
      'it counts as 0',
      { rate: '0KB/s' },
    ],
    [
      { type: 'bandwidth' },
      'attributes.rate is missing: bandwidth needs it (KB/s); a rate of 0 lets nothing through at all',
      'it counts as 0',
      { rate: '0KB/s' },
    ],
    [
      { type: 'latency', attributes: { latency: -100 } },
      'attributes.latency is -100: give 0 to 600000 (ms)',
      'it counts as 0',
      { delay: '0ms', jitter: '0ms' },
    ],
    [
      { type: 'latency', toxicity: 7 },
      'toxicity is 7: give 0 to 1',
      'it counts as 1',
      { delay: '0ms', jitter: '0ms', percent: '100%' },
    ],
    [
      { type: 'latency', toxicity: -1 },
      'toxicity is -1: give 0 to 1',
      'it counts as 0',
      { delay: '0ms', jitter: '0ms', percent: '0%' },
    ],
    [
      { type: 'latency', attributes: { latencyy: 5 } },
      'unknown attribute "latencyy", did you mean "latency"?',
      'it is ignored',
      { delay: '0ms', jitter: '0ms' },
    ],
    [
      { type: 'latency', toxicty: 0.5 },
      'unknown field "toxicty", did you mean "toxicity"?',
      'it is ignored',
      { delay: '0ms', jitter: '0ms' },
    ],
    [
      { type: 'packet_loss', attributes: { loss_rate: 1.5 } },
      'attributes.loss_rate is 1.5: give 0 to 1 (a fraction)',
      'it counts as 1',
      { loss: '100%', correlation: '0%' },
    ],
    [
      { type: 'packet_loss' },
      'attributes.loss_rate is missing: packet_loss needs it (a fraction); a rate of 0 loses nothing',
      'it counts as 0',
      { loss: '0%', correlation: '0%' },
    ],
    [
      { type: 'limit_data' },
      'attributes.bytes is missing: limit_data needs it (bytes); a limit of 0 closes connections at their first data',
      'it counts as 0',
      { bytes: '0B' },
    ],
    [
      { type: 'timeout', attributes: { timeout: 600_001 } },
      'attributes.timeout is 600001: give 0 to 600000 (ms)',
      'it counts as 600000',
      { timeout: '600000ms' },
    ],
  ];

  it.each(rows)('%j is refused', (value, refused) => {
    expect(() => read(value)).toThrow(
      expect.objectContaining({ status: 400, message: `bad request body: ${refused}` }),
    );
  });

  it.each(rows)('%j is taken by leniency, which says so', (value, refused, instead, params) => {
    const { toxic, notes } = lenient(value);
    expect(notes).toEqual([`${refused}; ${instead}`]);
    if (params === undefined) expect(toxic.filter).toBeUndefined();
    else expect(toxic.filter?.params).toMatchObject(params);
  });

  it('does not slice without a size', () => {
    expect(() => read({ type: 'slicer' })).toThrow('attributes.average_size is missing: slicer needs it (bytes)');
    const { toxic, notes } = lenient({ type: 'slicer' });
    expect(toxic.filter).toBeUndefined();
    expect(notes).toEqual(['attributes.average_size is 0: give 1 or more (bytes); the toxic does nothing']);
  });

  it('keeps an integer that no number can hold, and shows it as it was', () => {
    const { toxic } = lenient('{"type":"latency","attributes":{"jitter":4611686018427387905}}');
    expect(show(toxic)).toContain('"jitter":4611686018427387905');
    expect(toxic.filter?.params).toMatchObject({ jitter: '600000ms' });
    expect(() => read('{"type":"latency","attributes":{"jitter":4611686018427387905}}')).toThrow(
      'attributes.jitter is',
    );
  });
});

describe('whom Toxiproxy’s toxics mean', () => {
  it.each([
    ['latency', { latency: 1 }, { distribution: 'normal', nth: [1, 3] }],
    ['timeout', { timeout: 1 }, { first: 2, match: { source: '10.0.0.0/8' } }],
    ['bandwidth', { rate: 1 }, { shared: true, every: 2, window: { from: '1s', to: '2s' } }],
  ])('%s may be given %j', (type, own, attributes) => {
    const toxic = read({ type, attributes: { ...attributes, ...own } });
    expect(toxic.attributes).toMatchObject(attributes);
    expect(toxic.filter?.params).toMatchObject(attributes);
  });

  it.each([
    [{ nth: 0 }, 'attributes.nth'],
    [{ match: { pathh: '/' } }, 'attributes.match: Unrecognized key'],
    [{ match: { path: '/' } }, '`match.path` looks at requests'],
    [{ distribution: 'flat' }, 'attributes.distribution'],
    [{ distribution: 'empirical' }, 'samples'],
    [{ samples: '/etc/passwd' }, 'unknown attribute "samples"'],
  ])('latency with %j is refused, naming the field', (attributes, message) => {
    expect(() => read({ type: 'latency', attributes })).toThrow(message);
  });
});

describe('toxics beyond Toxiproxy’s', () => {
  it.each([
    ['error', { status: 503, match: { path: '/x' } }, {}],
    ['abort', {}, {}],
    ['delay', { delay: '10ms' }, {}],
    ['delay', { delay: '10ms', at: 'body' }, { stream: 'upstream' }],
    ['corrupt', { bytes: '1%' }, { stream: 'upstream' }],
    ['ws_drop', {}, { stream: 'upstream' }],
    ['ws_drop', { stream: 'both' }, { stream: 'both' }],
    ['grpc_status', { code: 'UNAVAILABLE' }, {}],
  ])('%s takes its parameters as a scenario has them: %j', (type, attributes, more) => {
    const toxic = read({ type, attributes, stream: 'upstream', toxicity: 0.1 });
    expect(toxic.filter).toEqual({ kind: type, params: { ...attributes, ...more, percent: '10%' } });
    expect(toxic.attributes).toEqual(attributes);
  });

  it('has every kind of filter as a type', () => {
    for (const { kind } of FILTER_KINDS) {
      const tell = (): void => void read({ type: kind, attributes: { nonsense: 1 } });
      expect(tell, kind).toThrow('unknown attribute "nonsense"');
    }
  });

  it.each([
    [{ type: 'error', attributes: { status: 200 } }, 'attributes.status'],
    [{ type: 'error', attributes: { statuss: 500 } }, 'unknown attribute "statuss", did you mean "status"?'],
    [{ type: 'error', attributes: { percent: '5%' } }, 'attributes.percent stands elsewhere: give `toxicity`'],
    [{ type: 'delay', attributes: { distribution: 'empirical', samples: '/etc/passwd' } }, 'the API reads none'],
    [{ type: 'duplicate' }, 'acts on udp traffic'],
    [{ type: 'error', attributes: 7 }, 'ToxicWrapper.attributes'],
  ])('%j is refused', (value, message) => {
    expect(() => read(value)).toThrow(message);
  });
});

describe('an update', () => {
  const before = read({ type: 'latency', name: 'l', attributes: { latency: 100, jitter: 10, nth: 2 }, toxicity: 0.5 });

  it.each([
    [{}, { latency: 100, jitter: 10, nth: 2 }, 0.5],
    [{ attributes: { jitter: 5 } }, { latency: 100, jitter: 5, nth: 2 }, 0.5],
    [{ attributes: { nth: null } }, { latency: 100, jitter: 10 }, 0.5],
    [{ toxicity: 1, attributes: null }, { latency: 100, jitter: 10, nth: 2 }, 1],
    [{ name: 'other', type: 'timeout', stream: 7 }, { latency: 100, jitter: 10, nth: 2 }, 0.5],
  ])('of %j leaves what it does not name', (change, attributes, toxicity) => {
    const after = readToxicUpdate(body(change), before, strict);
    expect(after).toMatchObject({ name: 'l', toxicity, stream: 'downstream' });
    expect(after.attributes).toEqual(attributes);
  });

  it.each([
    [{ toxicity: 'x' }, 'json: cannot unmarshal string into Go struct field .toxicity of type float32'],
    [{ attributes: [] }, 'json: cannot unmarshal array into Go struct field .attributes of type toxics.LatencyToxic'],
    [{ attributes: { latency: null, jitter: 'x' } }, 'LatencyToxic.attributes.jitter of type int64'],
    [{ attributes: { latency: -1 } }, 'attributes.latency is -1'],
    [{ attributes: { latncy: 1 } }, 'did you mean "latency"?'],
    [[], 'json: cannot unmarshal array into Go value of type struct { Attributes interface {}'],
  ])('of %j is refused', (change, message) => {
    expect(() => readToxicUpdate(body(change), before, strict)).toThrow(message);
  });

  it('of a kind of ours merges its parameters, and null takes one away', () => {
    const error = read({ type: 'error', attributes: { status: 500, first: 3 } });
    const after = readToxicUpdate(body({ attributes: { status: 404, first: null } }), error, strict);
    expect(after.attributes).toEqual({ status: 404 });
  });
});

describe('whatever is given', () => {
  const values = [
    '-1',
    '0',
    '1.5',
    '1e400',
    '9223372036854775808',
    '""',
    '"10ms"',
    'null',
    'true',
    '[]',
    '{"path":"/"}',
  ];
  const names = (kind: string): string[] => [
    ...(FILTER_KINDS.find((candidate) => candidate.kind === kind)?.ownParams ?? []),
    ...['rate', 'average_size', 'size_variation', 'loss_rate', 'match', 'nth', 'window', 'percent', '__proto__'],
  ];

  it.each(FILTER_KINDS.map(({ kind }) => kind))('%s is made, or refused with a reason', (kind) => {
    for (const rules of [strict, new Rules(true, () => undefined)]) {
      for (const attributes of names(kind).flatMap((name) => values.map((value) => `{"${name}":${value}}`))) {
        try {
          expect(read(`{"type":"${kind}","attributes":${attributes}}`, rules).name).toBe(`${kind}_downstream`);
        } catch (error) {
          expect(error, attributes).toMatchObject({ name: 'ApiError', status: 400 });
        }
      }
    }
  });
});
