import { describe, expect, it } from 'vitest';
import { anyValue, keyValue } from '../../../src/lib/wire/otlp-attributes.ts';

describe('the value of an OTLP attribute', () => {
  it.each([
    ['', '0a00'],
    ['ü', '0a02c3bc'],
    [false, '1000'],
    [true, '1001'],
    [0, '1800'],
    [150, '189601'],
    [-1, '18ffffffffffffffffff01'],
    [0.5, '21000000000000e03f'],
    [2 ** 60, '21000000000000b043'],
  ])('%j is %s', (value, hex) => {
    expect(anyValue(value).toString('hex')).toBe(hex);
  });

  it('stands beside its key', () => {
    expect(keyValue('a', true).toString('hex')).toBe('0a016112021001');
  });
});
