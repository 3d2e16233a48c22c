import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { documentFaults, documentShape, LIMIT_TEXT_BYTES } from '../../../../src/lib/probes/expect/text.ts';

const schema = z.strictObject(documentShape);

function faultsOf(text: string, expected: z.input<typeof schema>, isCut = false): string[] {
  return documentFaults({ name: 'body', text, isCut }, schema.parse(expected));
}

describe('the tolerance of a document', () => {
  it.each<[string, string, z.input<typeof schema>, string[]]>([
    ['nothing asked', 'x', {}, []],
    ['text that is there', 'all is well', { contains: 'is w' }, []],
    ['text that is not', 'down', { contains: 'up' }, ['body does not contain "up"']],
    ['a pattern that matches', 'version 12', { matches: '\\d+$' }, []],
    ['a pattern that does not', 'version', { matches: '\\d+$' }, ['body does not match \\d+$']],
    ['an equal value', '{"a":{"b":[1,{"c":2,"d":3}]}}', { jsonpath: { path: '$.a.b[1]', equals: { d: 3, c: 2 } } }, []],
    [
      'another value',
      '{"status":"down"}',
      { jsonpath: { path: '$.status', equals: 'up' } },
      ['$.status is "down", not "up"'],
    ],
    ['a value that is there', '{"a":null}', { jsonpath: { path: '$.a' } }, []],
    ['a value that is missing', '{}', { jsonpath: { path: '$.a.b' } }, ['$.a.b is missing']],
    ['a value that must not be', '{"a":1}', { jsonpath: { path: '$.a', exists: false } }, ['$.a is there: 1']],
    ['a value that must not and is not', '{}', { jsonpath: { path: '$.a', exists: false } }, []],
    ['a number within', '{"n":5}', { jsonpath: { path: '$.n', min: 5, max: 5 } }, []],
    ['a number above', '{"n":120}', { jsonpath: { path: '$.n', max: 100 } }, ['$.n is 120, more than 100']],
    ['a number below', '{"n":1}', { jsonpath: { path: '$.n', min: 2 } }, ['$.n is 1, less than 2']],
    ['a text where a number is due', '{"n":"5"}', { jsonpath: { path: '$.n', min: 2 } }, ['$.n is "5", not a number']],
    [
      'one of several values',
      '[{"n":1},{"n":9}]',
      { jsonpath: { path: '$[*].n', max: 5 } },
      ['$[*].n is 9, more than 5'],
    ],
    ['no JSON', '<html>', { jsonpath: { path: '$.n' } }, ['body is not JSON: "<html>"']],
    ['nothing at all', '', { jsonpath: { path: '$.n' } }, ['body is empty, not JSON']],
    ['several faults', 'x', { contains: 'a', matches: 'b' }, ['body does not contain "a"', 'body does not match b']],
  ])('%s', (_name, text, expected, faults) => {
    expect(faultsOf(text, expected)).toEqual(faults);
  });

  it('says that only the first part was looked at, when more came than was kept', () => {
    expect(faultsOf('x', { contains: 'a' }, true)).toEqual(['the first 1MiB of the body does not contain "a"']);
    expect(faultsOf('{}', { jsonpath: { path: '$.n' } }, true)).toEqual(['the body is larger than 1MiB: not parsed']);
  });

  it('gives up on a pattern that takes exponential time, and after three times in a row does not try it again', () => {
    const expected = schema.parse({ matches: '^(a+)+$' });
    const text = { name: 'body', text: `${'a'.repeat(60)}b`, isCut: false };
    const slow = ['the pattern ^(a+)+$ took longer than 100ms on a body'];
    for (let time = 0; time < 3; time++) {
      expect(expected.matches?.search('aaa')).toBe('found');
      expect(documentFaults(text, expected)).toEqual(slow);
    }
    for (let time = 0; time < 3; time++) expect(documentFaults(text, expected)).toEqual(slow);
    const searched = expected.matches?.search('a');
    expect(searched).toBe('too slow');
  });

  it('gives up on a pattern that takes quadratic time on the largest body', () => {
    expect(faultsOf('x'.repeat(LIMIT_TEXT_BYTES), { matches: 'x*y' })).toEqual([
      'the pattern x*y took longer than 100ms on a body',
    ]);
  });

  it.each([
    [{ matches: '(' }, 'Invalid regular expression'],
    [{ contains: '' }, 'Too small'],
    [{ jsonpath: { path: '$..a' } }, 'descendants (..) are not supported'],
    [{ jsonpath: { path: '$.a', exists: false, min: 1 } }, 'exists: false cannot stand beside equals, min or max'],
  ])('is refused when it makes no sense: %j', (expected, message) => {
    const result = schema.safeParse(expected);
    expect(result.error?.issues[0]?.message).toContain(message);
  });
});
