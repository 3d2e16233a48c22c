import { describe, expect, it } from 'vitest';
import { parseHostPort } from '../../../../src/lib/control/http/host-port.ts';

describe('host and port', () => {
  it.each([
    ['127.0.0.1:80', { host: '127.0.0.1', port: 80 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
    [':8080', { host: '', port: 8080 }],
    ['', { host: '', port: 0 }],
    ['[::1]:80', { host: '::1', port: 80 }],
    ['redis:', { host: 'redis', port: 0 }],
  ])('%j is read', (text, parsed) => {
    expect(parseHostPort(text)).toEqual({ ok: true, ...parsed });
  });

  it.each([
    ['localhost', 'address localhost: missing port in address'],
    ['[::1]', 'address [::1]: missing port in address'],
    ['::1:80', 'address ::1:80: too many colons in address'],
    ['[::1:80', "address [::1:80: missing ']' in address"],
    ['a:99999', 'address 99999: invalid port'],
    ['a:http', 'lookup tcp/http: unknown port'],
    ['a:-1', 'lookup tcp/-1: unknown port'],
  ])('%j is refused in the words of Go', (text, problem) => {
    expect(parseHostPort(text)).toEqual({ ok: false, problem });
  });
});
