import { describe, expect, it } from 'vitest';
import { sourceKey } from '../../../src/lib/resilience/rate-limit.ts';

describe('the key of an address', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::FFFF:c000:207', '192.0.2.7'],
    ['0:0:0:0:0:ffff:192.0.2.7', '192.0.2.7'],
    ['192.0.2.7:5060', '192.0.2.7'],
    ['2001:db8:0:1:2:3:4:5', '2001:db8:0:1::/64'],
    ['2001:DB8:0000:0001::9', '2001:db8:0:1::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:db8:0:1:2:3::', '2001:db8:0:1::/64'],
    ['[2001:db8:0:1::9]', '2001:db8:0:1::/64'],
    ['[2001:db8:0:1::9]:443', '2001:db8:0:1::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['64:ff9b::192.0.2.7', '64:ff9b:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['::ffff:0:192.0.2.7', '0:0:0:0::/64'],
    ['1:2:3:4:5:6:7::', '1:2:3:4::/64'],
    ['::2:3:4:5:6:7:8', '0:2:3:4::/64'],
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
  ])('of %s is %s', (address, key) => {
    expect(sourceKey(address)).toBe(key);
  });

  it.each([
    ...[
      '',
      'x',
      'unknown',
      '/run/app.sock',
      '1.2.3',
      '1.2.3.4.5',
      '1.2.3.256',
      '01.2.3.4',
      '1.2.3.',
      '.1.2.3',
      '1..2.3',
    ],
    ...['1.2.3.4:', '1.2.3.4:x', '1.2.3.4:123456', '1.2.3.4 5', '-1.2.3.4', '1e1.2.3.4', '１.2.3.4'],
    ...[
      ':',
      ':1',
      '1:',
      ':::',
      '1::2::3',
      '1:2:3:4:5:6:7',
      '1:2:3:4:5:6:7:8:9',
      '1:2:3:4:5:6:7:8::',
      '::1:2:3:4:5:6:7:8',
    ],
    ...[
      '12345::',
      '12345::1',
      '1234x::1',
      '::1x2',
      '1::2:',
      'g::',
      '::1.2.3',
      '1.2.3.4::',
      '::1.2.3.4:5',
      '1:2:3:4:5:6:7:1.2.3.4',
      '[::1',
      '[::1]x',
      '::1]',
      '[]',
    ],
    ...['1:'.repeat(1000), '1.2.3.4,5.6.7.8', '"1.2.3.4"', '0x1.2.3.4'],
  ])('of garbage (%s) is the one that all unknown sources share', (address) => {
    expect(sourceKey(address)).toBe('unknown');
  });

  it('of no address is the one that all unknown sources share', () => {
    expect(sourceKey(undefined)).toBe('unknown');
  });

  it('survives an address cut at every character', () => {
    for (const whole of ['[2001:db8:0:1::ffff:192.0.2.7%eth0]:443', '::ffff:192.0.2.7', '192.0.2.7:80'])
      for (let from = 0; from <= whole.length; from++)
        for (let to = from; to <= whole.length; to++)
          expect(sourceKey(whole.slice(from, to))).toMatch(/^unknown$|^[\d.]+$|^[\da-f:]+::\/64$/);
  });
});

describe('X-Forwarded-For', () => {
  const peer = '10.0.0.1';

  it.each<[string, string | undefined, number, string]>([
    ['is not believed by default', '1.1.1.1', 0, peer],
    ['is read from the right: one hop', '6.6.6.6, 1.1.1.1', 1, '1.1.1.1'],
    ['is read from the right: two hops', '6.6.6.6, 2.2.2.2, 1.1.1.1', 2, '2.2.2.2'],
    ['may be read to its left end', '3.3.3.3,2.2.2.2,1.1.1.1', 3, '3.3.3.3'],
    ['that is shorter than the hops gives the peer', '1.1.1.1', 2, peer],
    ['that is missing gives the peer', undefined, 1, peer],
    ['that is empty gives the peer', '', 1, peer],
    ['of commas gives the peer', ',,,', 2, peer],
    ['with an empty last member gives the peer', '1.1.1.1,', 1, peer],
    ['with garbage at the place gives the peer', '1.1.1.1, unknown', 1, peer],
    ['with garbage at another place is believed', 'unknown, 1.1.1.1', 1, '1.1.1.1'],
    ['may hold IPv6 with a port', '6.6.6.6, [2001:db8::1]:1234', 1, '2001:db8:0:0::/64'],
    ['may hold a mapped address', '::ffff:1.1.1.1', 1, '1.1.1.1'],
    ['may be very long', `${'6.6.6.6, '.repeat(100_000)}1.1.1.1`, 1, '1.1.1.1'],
  ])('%s', (_, header, hops, key) => {
    expect(sourceKey(peer, header, hops)).toBe(key);
  });

  it.each([-1, 1.5, NaN, 33])('refuses %d trusted hops', (hops) => {
    expect(() => sourceKey(peer, undefined, hops)).toThrow(/trustedHops is/);
  });
});
