import { describe, expect, it } from 'vitest';
import { turnAway } from '../../../../src/lib/control/http/access.ts';

const open = { token: undefined, hosts: ['toxiproxy', '127.0.0.1'] };

describe('who may use the API', () => {
  it.each([
    ['127.0.0.1:8474'],
    ['127.0.0.1'],
    ['[::1]:8474'],
    ['[::1]'],
    ['10.1.2.3:8474'],
    ['localhost:8474'],
    ['LOCALHOST'],
    ['toxiproxy:8474'],
    ['ToxiProxy'],
  ])('whoever calls it %s', (host) => {
    expect(turnAway({ host }, open)).toBeUndefined();
  });

  it.each([
    ['evil.example'],
    ['evil.example:8474'],
    ['localhost.evil.example'],
    ['127.0.0.1.nip.io:8474'],
    [''],
    ['a:b:c'],
  ])('not who calls it %j', (host) => {
    expect(turnAway({ host }, open)?.status).toBe(403);
  });

  it('not browsers', () => {
    expect(turnAway({ host: 'localhost', 'user-agent': 'Mozilla/5.0 (X11)' }, open)).toEqual({
      status: 403,
      headers: { 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' },
      body: 'User agent not allowed\n',
    });
    expect(turnAway({ host: 'localhost', 'user-agent': 'curl/8 Mozilla/5.0' }, open)).toBeUndefined();
  });

  it.each([
    ['http://localhost:8474', undefined],
    ['http://evil.example', 403],
    ['https://localhost:8474', 403],
    ['http://localhost:3000', 403],
    ['null', 403],
  ])('of pages only its own: %s', (origin, status) => {
    expect(turnAway({ host: 'localhost:8474', origin }, open)?.status).toBe(status);
  });

  it.each([
    [undefined, 401],
    ['', 401],
    ['Bearer', 401],
    ['Bearer wrong', 401],
    ['Bearer secret2', 401],
    ['Basic secret', 401],
    ['secret', 401],
    ['Bearer secret', undefined],
    ['bearer  secret ', undefined],
  ])('with a token, who brings it: %s', (authorization, status) => {
    const headers = { host: 'localhost', ...(authorization === undefined ? {} : { authorization }) };
    expect(turnAway(headers, { ...open, token: 'secret' })?.status).toBe(status);
  });
});
