import { describe, expect, it } from 'vitest';
import { asciiText, plainText } from '../../../../src/lib/tui/text/plain-text.ts';

describe('text from outside', () => {
  it.each([
    ['a colour', 'red \u001b[31mcell\u001b[0m', 'red cell'],
    ['a title', '\u001b]0;owned\u0007name', 'name'],
    ['a clearing of the screen', 'a\u001b[2J\u001b[Hb', 'ab'],
    ['a C1 control', 'a\u009b31mb', 'ab'],
    ['line breaks', 'first\r\nsecond\u2028third', 'first second third'],
    ['tabs and no-break spaces', 'a\t\u00a0b', 'a b'],
    ['backspaces', 'ab\b\bcd', 'ab cd'],
    ['a turned direction', 'invoice\u202egnp.exe', 'invoicegnp.exe'],
    ['a lone escape', 'a\u001b', 'a'],
  ])('loses %s', (_, raw, clean) => {
    expect(plainText(raw)).toBe(clean);
  });

  it('keeps what people write', () => {
    expect(plainText('日本 é 👩‍👩‍👧 – „ok“')).toBe('日本 é 👩‍👩‍👧 – „ok“');
  });

  it('is bounded, however long it is', () => {
    expect(plainText('x'.repeat(1_000_000)).length).toBeLessThanOrEqual(1_000);
  });

  it.each([
    ['Müller’s café', "Muller's cafe"],
    ['p99 ≥ 300µs → slow…', 'p99 >= 300us -> slow...'],
    ['日本', '??'],
  ])('in ASCII %s is %s', (raw, ascii) => {
    expect(asciiText(raw)).toBe(ascii);
  });
});
