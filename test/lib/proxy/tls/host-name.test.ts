import { describe, expect, it } from 'vitest';
import { parseHostName } from '../../../../src/lib/proxy/tls/host-name.ts';

const LABEL_63 = 'a'.repeat(63);
const NAME_253 = `${LABEL_63}.${LABEL_63}.${LABEL_63}.${'a'.repeat(61)}`;

describe('a host name', () => {
  it.each([
    ['shop.test', 'shop.test'],
    ['SHOP.Test', 'shop.test'],
    ['localhost', 'localhost'],
    ['*.shop.test', '*.shop.test'],
    ['checkout_db-1', 'checkout_db-1'],
    ['xn--mnchen-3ya.de', 'xn--mnchen-3ya.de'],
    ['1.2.3.4.example', '1.2.3.4.example'],
    [LABEL_63, LABEL_63],
    [NAME_253, NAME_253],
  ])('%s is the DNS name %s', (text, name) => {
    expect(parseHostName(text)).toEqual({ name, isAddress: false });
  });

  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '::1'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['FE80::1', 'fe80::1'],
    ['::ffff:1.2.3.4', '::ffff:102:304'],
  ])('%s is the address %s', (text, name) => {
    expect(parseHostName(text)).toEqual({ name, isAddress: true });
  });

  it.each([
    ['nothing', ''],
    ['a dot', '.'],
    ['an empty label', 'a..b'],
    ['a dot at the end', 'shop.test.'],
    ['a hyphen at the beginning of a label', 'a.-b'],
    ['a hyphen at the end of a label', 'a-.b'],
    ['a label of 64', `${LABEL_63}a.test`],
    ['254 characters', `${NAME_253}a`],
    ['a blank', 'a b'],
    ['a path', 'a/b'],
    ['a port', 'shop.test:443'],
    ['a zero byte', 'shop.test\0.other.test'],
    ['a line break at the end', 'shop.test\n'],
    ['letters beyond ASCII', 'münchen.de'],
    ['what becomes ASCII in lower case', '\u212Aa.test'],
    ['a wildcard alone', '*'],
    ['a wildcard before nothing', '*.'],
    ['two wildcards', '*.*.test'],
    ['half a label as a wildcard', 'a*.test'],
    ['a wildcard within', 'a.*.test'],
    ['a wildcard before an address', '*.127.0.0.1'],
    ['a broken IPv4 address', '256.1.1.1'],
    ['a short IPv4 address', '127.1'],
    ['a broken IPv6 address', '::g'],
    ['an IPv6 address in brackets', '[::1]'],
    ['an IPv6 address with a zone', 'fe80::1%eth0'],
  ])('is not %s', (_what, text) => {
    expect(parseHostName(text)).toBeUndefined();
  });
});
