import { describe, expect, it } from 'vitest';
import { hashFraction } from '../../../src/lib/runtime/chance.ts';
import type { ParseOptions } from '../../../src/lib/scenario/load.ts';
import { mistakesOf, parse, parseProxy, refusalOf } from './support.ts';

/** A little of everything, in block and flow style, with variables, an anchor and a merge. */
const SCENARIO = `version: 1
name: n
variables: { K: { secret: true, default: "k e" } }
services:
  a: &s { endpoints: [a:1], listen: "b:\${P:-2}" }
  c: { <<: *s, listen: b:3, tls: { certificate: { cert: f, key: f }, alpn: [h2], serverNames: { "*.a": a:1 } } }
  d: { protocol: tcp, endpoints: d:1, listen: d:2 }
load: { url: http://a/, rate: 9/s, body: '\${K}' }
steadyState:
  - probe: http
    with: { url: u }
method:
  - fault: latency
    target: { service: a }
    with: { delay: 3ms }
    for: 1s
  - parallel: [wait: 1s, { probe: process }]
guards: [{ when: errors > 6% }]
gate: [http.p99 during < 8ms, recovery < 1s]
`;

/** The same of a proxy's own file. */
const PROXY_FILE = `version: 1
metrics: 9
variables: { K: { secret: true, default: "k e" } }
services:
  a: &s
    listen: "b:\${P:-2}"
    endpoints: [https://a, https://a:2]
    tls: { upstream: { serverName: a.b, ca: f, insecure: false } }
    faults: [{ fault: latency, with: { delay: 3ms, samples: f } }]
  c: { <<: *s, listen: b:3, faults: [{ fault: abort, id: x }] }
  d: { protocol: udp, endpoints: d:1, listen: '\${K}' }
`.replace("listen: '${K}'", 'listen: d:2');

/** What YAML, the variables and the thresholds give a meaning to, and what they do not expect. */
const GARBAGE = [
  '\0',
  '\n',
  '\t',
  ' ',
  '"',
  "'",
  '{',
  '}',
  '[',
  ']',
  ':',
  ',',
  '#',
  '&',
  '*',
  '!',
  '|',
  '>',
  '%',
  '@',
  '$',
  '-',
  '?',
  '~',
  '0',
  '\u2028',
  '\uFEFF',
  '\uFDD0',
  '\uD800',
  'é',
];
/** Many times what one text takes here; a text that takes longer hangs. */
const LIMIT_MS = 2_000;

type Parse = (text: string, options: Partial<ParseOptions>) => unknown;
/** A file that is named is there, and is no certificate. */
const readFile = (): Buffer => Buffer.from('hello');

/** Reads a text: a file that is right or a refusal with words in it is fine, anything else is thrown. */
function read(text: string, options: Partial<ParseOptions>, parseText: Parse): 'right' | 'refusal' {
  const startMs = performance.now();
  try {
    parseText(text, options);
    return 'right';
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal.message === '' || refusal.details.some((line) => /Invalid input|undefined|\[object/.test(line)))
      throw error;
    return 'refusal';
  } finally {
    expect(performance.now() - startMs).toBeLessThan(LIMIT_MS);
  }
}

const pick = <Item>(items: readonly Item[], ...key: (string | number)[]): Item =>
  items[Math.floor(hashFraction('fuzz', ...key) * items.length)]!;

describe.each<[name: string, valid: string, parseText: Parse]>([
  ['a scenario', SCENARIO, parse],
  ['a proxy file', PROXY_FILE, parseProxy],
])('%s that is damaged', (_, VALID, parseText) => {
  const indices = Array.from({ length: VALID.length }, (_item, index) => index);

  /** Reads many texts, the files of every other one as well, and says how many were what; the text that failed is named. */
  function readAll(texts: readonly string[]): Record<'right' | 'refusal', number> {
    const counts = { right: 0, refusal: 0 };
    for (const [index, text] of texts.entries()) {
      try {
        counts[read(text, index % 2 === 0 ? {} : { readFile }, parseText)]++;
      } catch (error) {
        throw new Error(`on the text ${JSON.stringify(text)}`, { cause: error });
      }
    }
    return counts;
  }

  it('is right to begin with, but for its files', () => {
    expect(mistakesOf(VALID, {}, parseText)).toEqual([]);
    expect(mistakesOf(VALID, { readFile }, parseText)).toEqual(
      expect.arrayContaining([expect.stringContaining('holds no certificate')]),
    );
  });

  it('is read or refused when it is cut at any character', () => {
    const { right, refusal } = readAll(indices.map((index) => VALID.slice(0, index)));
    expect(right + refusal).toBe(VALID.length);
    expect(refusal).toBeGreaterThan(VALID.length / 2);
  });

  it('is read or refused when any character is another', () => {
    const texts = indices.map(
      (index) => VALID.slice(0, index) + pick(GARBAGE, 'replace', index) + VALID.slice(index + 1),
    );
    const { right, refusal } = readAll(texts);
    expect([right, refusal].every((count) => count > 0)).toBe(true);
  });

  it('is read or refused when something stands in it that does not belong there', () => {
    readAll(indices.map((index) => VALID.slice(0, index) + pick(GARBAGE, 'insert', index) + VALID.slice(index)));
  });

  it('is read or refused when a line is gone, twice there, or behind its neighbour', () => {
    const lines = VALID.split('\n');
    const texts = lines.flatMap((line, index) => [
      lines.toSpliced(index, 1),
      lines.toSpliced(index, 0, line),
      lines.toSpliced(index, 2, lines[index + 1] ?? '', line),
    ]);
    readAll(texts.map((parts) => parts.join('\n')));
  });

  it('is read or refused when any value is of another type', () => {
    const values = [
      'null',
      '[]',
      '{}',
      '[[1]]',
      '{ a: { b: 1 } }',
      '-1',
      '1e999',
      '.nan',
      'true',
      '""',
      '${K}',
      '*s',
      '!!binary aGk=',
      '!!set { a }',
      '"\\0"',
    ];
    const places = [...VALID.matchAll(/: ([^\n]+)/g)].map(
      ({ index, 1: value = '' }) => [index + 2, value.length] as const,
    );
    readAll(
      places.flatMap(([at, length]) => values.map((value) => VALID.slice(0, at) + value + VALID.slice(at + length))),
    );
  });

  it('is read or refused when it is noise', () => {
    const noise = Array.from({ length: 300 }, (_, text) =>
      Array.from({ length: 40 }, (_, index) => pick(GARBAGE, text, index)).join(''),
    );
    expect(readAll(noise).right).toBe(0);
  });
});
