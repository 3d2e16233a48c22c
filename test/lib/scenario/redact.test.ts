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

  it('leave everything else alone; without secrets nothing is copied', () => {
    expect(redact('nothing to hide')).toBe('nothing to hide');
    const data = { a: 'b' };
    expect(createRedactor([])(data)).toBe(data);
    expect(createRedactor([''])('text')).toBe('text');
  });
});
