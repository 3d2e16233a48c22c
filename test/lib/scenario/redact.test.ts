import { describe, expect, it } from 'vitest';
import { createRedactor, MASK } from '../../../src/lib/scenario/redact.ts';

const SECRET = 'hunter2/very "secret" + long';
const redact = createRedactor([SECRET, 'other-secret-value', '']);

describe('secrets', () => {
  it.each([
    ['as they are', `Bearer ${SECRET}!`, `Bearer ${MASK}!`],
    ['in JSON', JSON.stringify({ a: SECRET }), `{"a":"${MASK}"}`],
    ['in a URL', `https://x/?k=${encodeURIComponent(SECRET)}&b=1`, `https://x/?k=${MASK}&b=1`],
    ['in base64', `Basic ${Buffer.from(SECRET).toString('base64')}`, `Basic ${MASK}`],
    ['twice', `${SECRET}${SECRET}`, expect.not.stringContaining('hunter2') as string],
  ])('are masked %s', (_name, text, masked) => {
    expect(redact(text)).toEqual(masked);
  });

  it('are masked in base64 of a user and a password', () => {
    const masked = redact(`Basic ${Buffer.from(`user:${SECRET}`).toString('base64')}`);
    expect(masked).toContain(MASK);
    expect(Buffer.from(masked.replace('Basic ', '').replace(MASK, ''), 'base64').toString()).not.toContain('very');
  });

  it('are masked deep in data, keys and values, without changing its shape', () => {
    expect(redact({ list: [1, SECRET, null], inner: { text: `x ${SECRET}`, flag: true } })).toEqual({
      list: [1, MASK, null],
      inner: { text: `x ${MASK}`, flag: true },
    });
  });

  it.each([
    ['the longer of two', ['abc', 'abcdef'], 'xabcdefx', 'x***x'],
    ['two that overlap', ['abcd', 'cdef'], 'xabcdefx', 'x***x'],
    ['one that overlaps itself', ['abab'], 'xabababx', 'x***x'],
    ['a short one', ['q'], 'q and e', '*** and e'],
    ['one with signs of a pattern', ['a.b*(c'], 'a.b*(c aXb', '*** aXb'],
    ['each line of a key', ['-----BEGIN-----\nMIIEpAIBAAKC\n-----END-----'], 'at MIIEpAIBAAKC', 'at ***'],
    ['one in a form, with a plus for a space', ['pass word!'], 'k=pass+word%21&b', 'k=***&b'],
    ['one in a URL in small letters', ['a/b/c/d'], 'k=a%2fb%2fc%2fd', 'k=***'],
    ['one in base64 for URLs', ['>>>???>>>???'], `k=${Buffer.from('>>>???>>>???').toString('base64url')}`, 'k=***'],
  ])('are masked also when there is %s', (_name, secrets, text, masked) => {
    expect(createRedactor(secrets)(text)).toBe(masked);
  });

  it.each([1, 2, 3, 4, 5])('leave nothing to read in base64 behind %i other bytes', (count) => {
    const secret = 'correct horse battery staple';
    const masked = createRedactor([secret])(Buffer.from(`${'u'.repeat(count)}${secret}!`).toString('base64'));
    expect(Buffer.from(masked.replace(MASK, ''), 'base64').toString('latin1')).not.toMatch(/[a-t]{3}/);
  });

  it('are masked where they are a number', () => {
    expect(createRedactor(['4711'])({ pin: 4711, port: 4712, 4711: true })).toEqual({
      pin: MASK,
      port: 4712,
      [MASK]: true,
    });
  });

  it('leave everything else alone; without secrets nothing is copied', () => {
    expect(redact('nothing to hide')).toBe('nothing to hide');
    const data = { a: 'b' };
    expect(createRedactor([])(data)).toBe(data);
    expect(createRedactor([''])('text')).toBe('text');
  });
});
