import { describe, expect, it } from 'vitest';
import { FixedHistogram } from '../../../src/lib/wire/fixed-histogram.ts';
import { CONTENT_TYPE, MetricsText, type Labels } from '../../../src/lib/wire/prometheus-text.ts';
import { roll } from './pieces.ts';

interface Parsed {
  readonly help: Record<string, string>;
  readonly type: Record<string, string>;
  readonly samples: { name: string; labels: Labels; value: number }[];
}

/** A little reader of the format, strict, one character after another. */
function parse(text: string): Parsed {
  const parsed: Parsed = { help: {}, type: {}, samples: [] };
  if (text !== '' && !text.endsWith('\n')) throw new Error('the last line has no end');
  for (const line of text.split('\n').slice(0, -1)) {
    const [, kind, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/s.exec(line) ?? [];
    if (kind === 'HELP') parsed.help[name] = unescape(rest, '\\n');
    else if (kind === 'TYPE') parsed.type[name] = rest;
    else parsed.samples.push(parseSample(line));
  }
  return parsed;
}

function parseSample(line: string): Parsed['samples'][number] {
  const name = /^[a-zA-Z_:][a-zA-Z0-9_:]*/.exec(line)?.[0] ?? '';
  const labels: Record<string, string> = {};
  let at = name.length;
  if (line[at] === '{') {
    do {
      const [, label = ''] = /^([a-zA-Z_][a-zA-Z0-9_]*)="/.exec(line.slice(at + 1)) ?? [];
      if (label === '' || label in labels) throw new Error(`no label at ${at}: ${line}`);
      const from = (at += label.length + 3);
      while (line[at] !== '"') at += line[at] === '\\' ? 2 : 1;
      labels[label] = unescape(line.slice(from, at++), '\\n"');
    } while (line[at] === ',');
    if (line[at++] !== '}') throw new Error(`no end of labels at ${at}: ${line}`);
  }
  const [, value = ''] = /^ (NaN|[+-]Inf|-?\d+(?:\.\d+)?(?:e[+-]\d+)?)$/.exec(line.slice(at)) ?? [];
  if (value === '') throw new Error(`no value: ${line}`);
  return { name, labels, value: Number(value.replace('Inf', 'Infinity')) };
}

function unescape(text: string, escapes: string): string {
  return text.replace(/\\(.?)/g, (_, char: string) => {
    if (char === '' || !escapes.includes(char)) throw new Error(`no escape: \\${char}`);
    return char === 'n' ? '\n' : char;
  });
}

const NASTY = [
  '',
  ' ',
  'a b',
  '\\',
  '\\n',
  '\n',
  '"',
  '\\"',
  'é€🙂',
  '{a="b"}',
  ',',
  '\r',
  '\t',
  '#',
  'a\n# TYPE x counter\n',
];

describe('metrics as text', () => {
  it('read as the format shows them', () => {
    const metrics = new MetricsText();
    metrics.counter('http_requests_total', 'The total number of HTTP requests.', [
      [{ method: 'post', code: '200' }, 1027],
      [{ method: 'post', code: '400' }, 3],
    ]);
    metrics.gauge('up', '', [[{}, 1]]);
    metrics.histogram('request_seconds', 'How long.', { boundsSeconds: [0.05, 1] }, [
      [{ route: '/' }, { counts: [2, 3, 1], sum: 4.5 }],
    ]);
    expect(metrics.toString()).toBe(
      [
        '# HELP http_requests_total The total number of HTTP requests.',
        '# TYPE http_requests_total counter',
        'http_requests_total{method="post",code="200"} 1027',
        'http_requests_total{method="post",code="400"} 3',
        '# HELP up ',
        '# TYPE up gauge',
        'up 1',
        '# HELP request_seconds How long.',
        '# TYPE request_seconds histogram',
        'request_seconds_bucket{route="/",le="0.05"} 2',
        'request_seconds_bucket{route="/",le="1"} 5',
        'request_seconds_bucket{route="/",le="+Inf"} 6',
        'request_seconds_sum{route="/"} 4.5',
        'request_seconds_count{route="/"} 6',
        '',
      ].join('\n'),
    );
    expect(CONTENT_TYPE).toBe('text/plain; version=0.0.4; charset=utf-8');
  });

  it('are nothing when there are none', () => {
    expect(new MetricsText().toString()).toBe('');
  });

  it('keep every label value and help whatever is in them', () => {
    for (let round = 0; round < 500; round++) {
      const pick = (part: string): string =>
        `${NASTY[roll(NASTY.length, part, round, 1)] ?? ''}${NASTY[roll(NASTY.length, part, round, 2)] ?? ''}`;
      const [help, labels] = [pick('help'), { a: pick('a'), b_2: pick('b') }];
      const metrics = new MetricsText();
      metrics.gauge('x:y_1', help, [[labels, round]]);
      expect(parse(metrics.toString())).toEqual({
        help: { 'x:y_1': help },
        type: { 'x:y_1': 'gauge' },
        samples: [{ name: 'x:y_1', labels, value: round }],
      });
    }
  });

  it.each([
    [Number.NaN, 'NaN'],
    [Infinity, '+Inf'],
    [-Infinity, '-Inf'],
    [0, '0'],
    [-0, '0'],
    [-1.5, '-1.5'],
    [1e21, '1e+21'],
    [5e-324, '5e-324'],
    [0.1 + 0.2, '0.30000000000000004'],
    [2 ** 53, '9007199254740992'],
  ])('write %d as %s', (value, written) => {
    const metrics = new MetricsText();
    metrics.gauge('x', 'h', [[{}, value]]);
    expect(metrics.toString()).toContain(`\nx ${written}\n`);
    expect(parse(metrics.toString()).samples[0]?.value).toBe(value === 0 ? 0 : value);
  });

  it('have the buckets of what was recorded, cumulative, with its sum and count', () => {
    const histogram = new FixedHistogram([0.1, 1]);
    for (const seconds of [0.05, 0.1, 0.5, 2, 3]) histogram.record(seconds);
    const metrics = new MetricsText();
    metrics.histogram('t', 'h', { boundsSeconds: histogram.bounds }, [[{}, histogram]]);
    const { samples } = parse(metrics.toString());
    expect(samples.map(({ name, labels, value }) => [name, labels.le, value])).toEqual([
      ['t_bucket', '0.1', 2],
      ['t_bucket', '1', 3],
      ['t_bucket', '+Inf', 5],
      ['t_sum', undefined, histogram.sum],
      ['t_count', undefined, 5],
    ]);
  });

  it('take samples from anything that can be gone through', () => {
    const metrics = new MetricsText();
    metrics.counter('x_total', 'h', new Map([[{ a: '1' }, 2]]));
    expect(parse(metrics.toString()).samples).toEqual([{ name: 'x_total', labels: { a: '1' }, value: 2 }]);
  });

  it.each(['', '1a', 'a-b', 'a b', 'a{', 'é', 'a\n', 'a.b'])('refuse %j as a name', (name) => {
    const metrics = new MetricsText();
    expect(() => metrics.counter(name, 'h', [])).toThrow('no name of a metric');
    expect(() => metrics.gauge('x', 'h', [[{ [name]: 'v' }, 1]])).toThrow('no name of a label');
  });

  it.each(['a:b', '__name__'])('refuse %j as the name of a label', (name) => {
    expect(() => new MetricsText().gauge('x', 'h', [[{ [name]: 'v' }, 1]])).toThrow('no name of a label');
  });

  it('keep the label of bounds for histograms', () => {
    const metrics = new MetricsText();
    metrics.gauge('x', 'h', [[{ le: '1' }, 1]]);
    const sample = [{ le: '1' }, { counts: [0], sum: 0 }] as const;
    expect(() => metrics.histogram('y', 'h', { boundsSeconds: [] }, [sample])).toThrow('no name of a label: "le"');
  });

  it('refuse a name given twice, the parts of a histogram included', () => {
    const metrics = new MetricsText();
    metrics.histogram('x', 'h', { boundsSeconds: [] }, []);
    for (const name of ['x', 'x_bucket', 'x_sum', 'x_count']) {
      expect(() => metrics.counter(name, 'h', [])).toThrow(`a metric given twice: ${name}`);
    }
  });

  it('refuse counts that do not fit the bounds, and bounds that do not ascend', () => {
    const metrics = new MetricsText();
    const sample = [{}, { counts: [1, 2], sum: 1 }] as const;
    expect(() => metrics.histogram('x', 'h', { boundsSeconds: [1, 2] }, [sample])).toThrow('x: 2 counts for 2 bounds');
    expect(() => metrics.histogram('y', 'h', { boundsSeconds: [2, 1] }, [])).toThrow('not finite and ascending');
  });
});
