import { describe, expect, it } from 'vitest';
import { formatHostPort } from '../../../src/lib/wire/host-port.ts';

describe('formatHostPort', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1:80'],
    ['shop.test', 'shop.test:80'],
    ['::1', '[::1]:80'],
  ])('writes %s as %s', (host, text) => {
    expect(formatHostPort({ host, port: 80 })).toBe(text);
  });
});
