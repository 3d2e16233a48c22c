import { describe, expect, it } from 'vitest';
import { parseGoJson, quoteChar } from '../../../../src/lib/control/toxiproxy/go-json-reader.ts';
import { plainJson } from '../../../../src/lib/control/toxiproxy/go-json.ts';

const BODY = '{"name": "a\\u00e9\\n", "list": [1, -2.5e+3, true, false, null, {}], "n\\"": {"x": "ü€"}}';

describe('reading JSON as Go does', () => {
  it.each([
    ['', 'EOF'],
    ['  \n', 'EOF'],
    ['{', 'unexpected EOF'],
    ['{"a"', 'unexpected EOF'],
    ['{"a":1', 'unexpected EOF'],
    ['[1,', 'unexpected EOF'],
    ['"abc', 'unexpected EOF'],
    ['"\\u00', 'unexpected EOF'],
    ['tru', 'unexpected EOF'],
    ['-', 'unexpected EOF'],
    ['1.', 'unexpected EOF'],
    ['1e', 'unexpected EOF'],
    ['nope', "invalid character 'o' in literal null (expecting 'u')"],
    ['x', "invalid character 'x' looking for beginning of value"],
    ['}', "invalid character '}' looking for beginning of value"],
    ["'a'", "invalid character '\\'' looking for beginning of value"],
    ['\u0001', "invalid character '\\x01' looking for beginning of value"],
    ['é', "invalid character 'Ã' looking for beginning of value"],
    ['\ufeff{}', "invalid character 'ï' looking for beginning of value"],
    ['{a:1}', "invalid character 'a' looking for beginning of object key string"],
    ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1 "b":2}', "invalid character '\"' after object key:value pair"],
    ['[1 2]', "invalid character '2' after array element"],
    ['[1,]', "invalid character ']' looking for beginning of value"],
    ['"a\nb"', "invalid character '\\n' in string literal"],
    ['"\\x"', "invalid character 'x' in string escape code"],
    ['"\\u12g4"', "invalid character 'g' in \\u hexadecimal character escape"],
    ['-a', "invalid character 'a' in numeric literal"],
    ['1.a', "invalid character 'a' after decimal point in numeric literal"],
    ['1e+', 'unexpected EOF'],
    ['1ex', "invalid character 'x' in exponent of numeric literal"],
    ['[01]', "invalid character '1' after array element"],
    ['trap', "invalid character 'a' in literal true (expecting 'u')"],
  ])('%j is refused with "%s"', (text, message) => {
    expect(parseGoJson(text)).toMatchObject({ ok: false, message });
  });

  it('gives what JSON.parse gives', () => {
    const parsed = parseGoJson(BODY);
    expect(parsed.ok && plainJson(parsed.value)).toEqual(JSON.parse(BODY));
  });

  it('leaves what stands behind the first value', () => {
    expect(parseGoJson('{"a":1} {"b":2}')).toMatchObject({ ok: true, rest: ' {"b":2}' });
  });

  it('keeps the text of numbers, and doubles of members', () => {
    expect(parseGoJson('{"a":1.0,"a":2}')).toMatchObject({
      value: {
        members: [
          ['a', { text: '1.0' }],
          ['a', { text: '2' }],
        ],
      },
    });
  });

  it('makes half a surrogate pair the replacement character, as Go does', () => {
    expect(parseGoJson('"\\ud800"')).toMatchObject({ value: { value: '\ufffd' } });
  });

  it('says unexpected EOF wherever a body is cut off', () => {
    for (let end = 1; end < BODY.length; end++) {
      expect(parseGoJson(BODY.slice(0, end)), BODY.slice(0, end)).toMatchObject({
        ok: false,
        message: 'unexpected EOF',
      });
    }
  });

  it('answers garbage with an error and never throws', () => {
    for (let i = 0; i < BODY.length; i++) {
      for (const char of ['\0', '"', '{', ']', 'é', '9', '\\']) {
        const parsed = parseGoJson(BODY.slice(0, i) + char + BODY.slice(i + 1));
        expect(parsed.ok || parsed.message.length > 0).toBe(true);
      }
    }
  });

  it('refuses a thousand brackets instead of running out of stack', () => {
    expect(parseGoJson('['.repeat(100_000))).toMatchObject({ ok: false, message: 'exceeded max depth' });
    expect(parseGoJson('{"a":'.repeat(100_000))).toMatchObject({ ok: false, message: 'exceeded max depth' });
  });

  it('cannot be made to give things a prototype', () => {
    const parsed = parseGoJson('{"__proto__": {"polluted": true}}');
    const value = parsed.ok ? plainJson(parsed.value) : null;
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(value).toHaveProperty(['__proto__'], { polluted: true });
  });

  it.each([
    ['"', `'"'`],
    ['\\', `'\\\\'`],
    ['\u007f', `'\\x7f'`],
    ['\u0085', `'Â'`],
  ])('quotes %j as %s', (char, quoted) => {
    expect(quoteChar(char)).toBe(quoted);
  });
});
