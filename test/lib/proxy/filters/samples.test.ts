import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadSamples } from '../../../../src/lib/proxy/filters/sample-file.ts';
import { MAX_SAMPLES, parseSamples } from '../../../../src/lib/proxy/filters/samples.ts';
import { temporaryDirectory } from '../../../support/temp.ts';

const parse = (text: string): unknown => {
  const result = parseSamples(text);
  return result.ok ? [...result.sortedMs] : `${result.line}: ${result.problem}`;
};

const WANTED = 'expected a number of ms or a duration from 0 to 10m, such as 12.5 or 1.2s';

describe('samples of delays', () => {
  it.each<[string, number[]]>([
    ['1\n2', [1, 2]],
    ['10\n9\n8', [8, 9, 10]],
    ['# of last week\n\n  12.5  # p50\r\n1.2s\r\n', [12.5, 1200]],
    ['0\n10m\n', [0, 600_000]],
    ['1e2\n+.5\n', [0.5, 100]],
    ['[1, 2]', [1, 2]],
    [' \n[\n 30,\n "1.2s",\n "7", 2e1 ]\n', [7, 20, 30, 1200]],
  ])('%j are %j', (text, samples) => {
    expect(parse(text)).toEqual(samples);
  });

  it.each([
    ['', '1: expected at least 2 samples'],
    ['5\n# only one\n', '3: expected at least 2 samples'],
    ['1\n2\nfast\n', `3: ${WANTED}, got "fast"`],
    ['1\n-2\n', `2: ${WANTED}, got "-2"`],
    ['1\n\n#\n601s', `4: ${WANTED}, got "601s"`],
    ['1 2\n', `1: ${WANTED}, got "1 2"`],
    ['NaN\n', `1: ${WANTED}, got "NaN"`],
    ['Infinity\n', `1: ${WANTED}, got "Infinity"`],
    ['0x10\n', `1: ${WANTED}, got "0x10"`],
    [`${'9'.repeat(80)}\n`, `1: ${WANTED}, got "${'9'.repeat(39)}…`],
    ['[]', '1: expected at least 2 samples'],
    ['[1, 2', '1: this is no JSON array'],
    ['[1,\n2\nabc]', '3: this is no JSON array'],
    ['[1,\n 2,\n\n "soon"]', `4: ${WANTED}, got "soon"`],
    ['[1, null]', `1: ${WANTED}, got null`],
    ['[1,\n{"ms": 5}]', `2: ${WANTED}, got {"ms":5}`],
    ['[1,\n[5]]', `2: ${WANTED}, got [5]`],
    ['[1, 2e999]', `1: ${WANTED}, got null`],
  ])('(%#) are refused with line and reason', (text, problem) => {
    expect(parse(text)).toBe(problem);
  });

  it('are a value whatever the text, and wherever it is cut', () => {
    const text = '[1,\n "2s", {"a": [3]}, "\\u00e9]", 4e5]\n# x\n5m';
    for (let cut = 0; cut <= text.length; cut++) {
      for (const piece of [text.slice(0, cut), text.slice(cut)]) {
        expect(parseSamples(piece)).toHaveProperty('ok');
      }
    }
    expect(parseSamples('\0\ufffd\n'.repeat(1000))).toHaveProperty('ok', false);
  });

  it('are at most a million', () => {
    expect(parseSamples('1\n'.repeat(MAX_SAMPLES))).toHaveProperty('ok', true);
    const result = parseSamples('1\n'.repeat(MAX_SAMPLES + 1));
    expect(result).toEqual({ ok: false, line: MAX_SAMPLES + 1, problem: 'expected at most 1000000 samples' });
  });
});

describe('a file of samples', () => {
  it('is read', () => {
    const path = join(temporaryDirectory(), 'delays.txt');
    writeFileSync(path, '3\n1\n2\n');
    expect([...loadSamples(path)]).toEqual([1, 2, 3]);
  });

  it('that is wrong is named with the line, and what would be right', () => {
    const path = join(temporaryDirectory(), 'delays.txt');
    writeFileSync(path, '3\nsoon\n');
    expect(() => loadSamples(path)).toThrow(
      expect.objectContaining({
        exitName: 'usage',
        message: `${path}:2: ${WANTED}, got "soon"`,
        hint: expect.stringContaining('one number of ms') as unknown,
      }),
    );
  });

  it('that is not there, or is no file, is named', () => {
    const directory = temporaryDirectory();
    const path = join(directory, 'none.txt');
    expect(() => loadSamples(path)).toThrow(`there is no file ${path} to take samples from`);
    expect(() => loadSamples(directory)).toThrow(`the samples of ${directory} cannot be read`);
  });
});
