import { describe, expect, it } from 'vitest';
import { parseVarFile } from '../../../../src/lib/scenario/variables/var-file.ts';

describe('a file of variables', () => {
  it.each([
    ['vars.yaml', 'A: one\nB: 1.10\nC: true\nD:\n', { A: 'one', B: '1.10', C: 'true', D: '' }],
    ['vars.json', '{ "A": "one", "B": 1 }', { A: 'one', B: '1' }],
    ['vars', 'A: one', { A: 'one' }],
    ['vars.yaml', '# nothing yet\n', {}],
    ['vars.yaml', 'A: ${NOT_FILLED}', { A: '${NOT_FILLED}' }],
    ['.env', 'A=one\n\n# two\nexport B = two words \nC=\n', { A: 'one', B: 'two words', C: '' }],
    ['prod.env', 'A=\'a # "b"\' # why\nB="x\\ny \\"z\\""\nC=a#b # c', { A: 'a # "b"', B: 'x\ny "z"', C: 'a#b' }],
    ['.env.local', 'A=b=c', { A: 'b=c' }],
    ['vars.txt', 'A=one\r\nB=two\r\n', { A: 'one', B: 'two' }],
  ])('%s holding %j is read', (file, text, values) => {
    expect(parseVarFile(file, text)).toEqual({ values, mistakes: [] });
  });

  it.each([
    ['a.yaml', 'A: [1]', '1:1 A must be a text, a number, true or false'],
    ['a.yaml', 'A: 1\n1B: 2', '2:1 "1B" is not a name for a variable'],
    ['a.yaml', 'A: 1\nA: 2', '2:1 duplicate key "A"; line 1 has it already'],
    ['a.yaml', '- A', '1:1 expected a mapping of names to texts, or lines NAME=value'],
    ['.env', 'A=1\nwhat', '2:1 expected NAME=value'],
    ['.env', 'A="1', '1:1 the value of A has no closing quote'],
  ])('%s holding %j is refused', (file, text, line) => {
    const { mistakes } = parseVarFile(file, text);
    expect(mistakes.map(({ line, column, text }) => `${line}:${column} ${text}`)).toEqual([line]);
  });

  it('never shows a value in a mistake', () => {
    const { mistakes } = parseVarFile('.env', 's3cret\nA="s3cret\nB: s3cret');
    expect(mistakes.length).toBe(3);
    expect(JSON.stringify(mistakes)).not.toContain('s3cret');
  });
});
