import { describe, expect, it } from 'vitest';
import { maskVariables, unmask } from '../../../../src/lib/scenario/yaml/mask.ts';
import { parseYaml } from '../../../../src/lib/scenario/yaml/parse.ts';
import { plainValue } from '../../../../src/lib/scenario/yaml/plain.ts';
import { readTree, type Tree } from '../../../../src/lib/scenario/yaml/tree.ts';

function treeOf(text: string): Tree {
  return readTree(parseYaml(text), () => undefined);
}

function linesOf(text: string): string[] {
  const file = parseYaml(text);
  const { mistakes } = readTree(file, () => undefined);
  return mistakes.map(({ offset, text }) => {
    const { line, column } = file.positionOf(offset);
    return `${line}:${column} ${text}`;
  });
}

describe('a YAML file as data', () => {
  it.each([
    [
      'scalars',
      'a: 1\nb: 1.5\nc: true\nd: null\ne:\nf: x\ng: "1"',
      { a: 1, b: 1.5, c: true, d: null, e: null, f: 'x', g: '1' },
    ],
    ['YAML 1.2 words', 'a: yes\nb: off\nc: 0o17\nd: 2020-01-01', { a: 'yes', b: 'off', c: 15, d: '2020-01-01' }],
    ['an alias', 'a: &x { b: 1 }\nc: *x', { a: { b: 1 }, c: { b: 1 } }],
    ['an anchor that is set again', 'a: &x 1\nb: *x\nc: &x 2\nd: *x', { a: 1, b: 1, c: 2, d: 2 }],
    [
      'a merge, after which own keys count',
      'a: &x { b: 1, c: 2 }\nd: { <<: *x, c: 3 }',
      { a: { b: 1, c: 2 }, d: { b: 1, c: 3 } },
    ],
    ['a merge that comes last', 'a: &x { b: 1, c: 2 }\nd: { c: 3, <<: *x }', { a: { b: 1, c: 2 }, d: { b: 1, c: 3 } }],
    [
      'a merge of two',
      'a: &x { b: 1 }\nc: &y { b: 2, d: 3 }\ne: { <<: [*x, *y] }',
      { a: { b: 1 }, c: { b: 2, d: 3 }, e: { b: 1, d: 3 } },
    ],
    ['a quoted <<, which is a key like any other', '"<<": { a: 1 }', { '<<': { a: 1 } }],
    ['keys that are numbers', '1: a\n1.10: b', { '1': 'a', '1.10': 'b' }],
  ])('holds %s', (_, text, value) => {
    const tree = treeOf(text);
    expect([tree.root, tree.mistakes]).toEqual([value, []]);
  });

  it('keeps scalars as they are written', () => {
    const tree = treeOf('a: 1.10\nb: [0x1F, "two"]');
    expect([tree.textAt(['a']), tree.textAt(['b', 0]), tree.textAt(['b', 1]), tree.textAt(['c'])]).toEqual([
      '1.10',
      '0x1F',
      'two',
      undefined,
    ]);
  });

  it('knows the place of everything, and of what is missing', () => {
    const text = 'a:\n  b: [x, yy]\nc: *n\n';
    const tree = treeOf(text);
    const at = (offset: number): string => text.slice(offset, offset + 2);
    expect(at(tree.offsetOf(['a', 'b', 1]))).toBe('yy');
    expect(at(tree.offsetOf(['a', 'b', 1], { index: 1 }))).toBe('y]');
    expect(at(tree.offsetOf(['a', 'b'], { at: 'key' }))).toBe('b:');
    expect(at(tree.offsetOf(['a', 'z', 'q']))).toBe('a:');
    expect(tree.offsetOf(['z'])).toBe(0);
  });

  it('points into merged parts where they are written', () => {
    const text = 'a: &x { b: 1 }\nc: { <<: *x }';
    const tree = treeOf(text);
    expect(tree.offsetOf(['c', 'b'])).toBe(text.indexOf('1'));
  });

  it.each([
    [
      'an alias without an anchor',
      'aa: &delay 1\nb: *dealy',
      '2:4 no anchor &delay before'.replace('&delay', '&dealy') + ' the alias *dealy; did you mean "delay"?',
    ],
    ['an alias within what it stands for', 'a: &x { b: *x }', '1:12 the alias *x stands inside of what it stands for'],
    [
      'a merge of a text',
      'a: &x y\nb: { <<: *x }',
      '2:6 "<<" takes a mapping, or a list of mappings, to merge into this one',
    ],
    ['a merge of itself', 'a: &x { <<: *x }', '1:13 the alias *x stands inside of what it stands for'],
    ['a key that is a mapping', '{ a: 1 }: 2', '1:1 a key must be a text, not a mapping or a list'],
    ['an empty key', ': 2', '1:1 a key is empty'],
  ])('refuses %s', (_, text, line) => {
    expect(linesOf(text)).toContain(line);
  });

  it('stops at aliases of aliases, which would be billions of values', () => {
    const levels = Array.from({ length: 12 }, (_, level) => {
      const inside = level === 0 ? 'x' : `*a${level - 1}`;
      return `a${level}: &a${level} [${Array(10).fill(inside).join(', ')}]`;
    });
    const tree = treeOf(levels.join('\n'));
    expect([tree.complete, tree.mistakes.map(({ text }) => text)]).toEqual([
      false,
      ['more than 50000 values, those behind aliases included'],
    ]);
  });

  it('stops at a depth that no scenario has', () => {
    const tree = treeOf(`${'['.repeat(70)}${']'.repeat(70)}`);
    expect([tree.complete, tree.mistakes.map(({ text }) => text)]).toEqual([false, ['nested too deeply']]);
  });

  it.each([
    ['brackets', '['.repeat(20_000)],
    ['lists', '- '.repeat(20_000)],
    ['keys', '? '.repeat(20_000)],
  ])('refuses thousands of open %s without an end of the stack', (_, text) => {
    expect(parseYaml(text).mistakes.length).toBeGreaterThan(0);
  });
});

describe('masking variables', () => {
  it.each([
    ['nothing to mask: {a}', 'nothing to mask: {a}'],
    ['{ a: ${B} }', '{ a: $\uFDD0B\uFDD1 }'],
    ['[${A:-{1,2}}]', '[$\uFDD0A:-\uFDD01\uFDD42\uFDD1\uFDD1]'],
    ['{ a: ${B', '{ a: ${B'],
    ['{ a: ${B\n}', '{ a: ${B\n}'],
    ['{ a: $${B} }', '{ a: $$\uFDD0B\uFDD1 }'],
  ])('%j keeps its length and comes back', (text, masked) => {
    expect(maskVariables(text)).toBe(masked);
    expect(masked.length).toBe(text.length);
    expect(unmask(masked)).toBe(text);
  });
});

describe('an unquoted value', () => {
  it.each([
    ['', null],
    ['~', null],
    ['True', true],
    ['false', false],
    ['-12', -12],
    ['1e3', 1000],
    ['.5', 0.5],
    ['0o10', 8],
    ['yes', 'yes'],
    ['1.2.3', '1.2.3'],
    ['12 ', '12 '],
    ['-', '-'],
  ])('%j is %j', (text, value) => {
    expect(plainValue(text)).toBe(value);
  });
});
