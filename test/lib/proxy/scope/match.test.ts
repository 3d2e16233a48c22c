import { describe, expect, it } from 'vitest';
import { compileMatch, matchSchema, requestOnlyKeys } from '../../../../src/lib/proxy/scope/match.ts';
import { connectionView, requestView } from '../requests.ts';

const request = requestView('POST', '/api/orders?tier=gold&n=1', {
  'content-type': 'application/json',
  'x-tier': 'gold',
  baggage: 'chaos.run=r1,chaos.request=17;note',
});
const call = requestView('POST', '/shop.v1.Payments/Charge', {
  'content-type': 'application/grpc+proto',
  tenant: 't1',
});
const connection = connectionView(1, { source: '10.1.2.3', serverName: 'pay.shop.example' });

describe('a match on requests', () => {
  it.each<[unknown, boolean]>([
    [{}, true],
    [{ method: 'POST' }, true],
    [{ method: 'post' }, true],
    [{ method: ['GET', 'POST'] }, true],
    [{ method: ['GET', 'PUT'] }, false],
    [{ path: '/api/*' }, true],
    [{ path: '/api' }, false],
    [{ headers: { 'X-Tier': 'gold' } }, true],
    [{ headers: { 'X-Tier': 'g*' } }, true],
    [{ headers: { 'X-Tier': 'silver' } }, false],
    [{ headers: { 'Content-Type': 'application/*' } }, true],
    [{ headers: { 'X-Other': '*' } }, false],
    [{ query: { tier: 'gold' } }, true],
    [{ query: { tier: 'gold', n: '*' } }, true],
    [{ query: { tier: 'silver' } }, false],
    [{ query: { other: '*' } }, false],
    [{ baggage: { 'chaos.run': '*' } }, true],
    [{ baggage: { 'chaos.request': '17' } }, true],
    [{ baggage: { 'chaos.request': '18' } }, false],
    [{ grpc: {} }, false],
    [{ metadata: {} }, false],
    [{ method: 'POST', path: '/api/*', headers: { 'x-tier': 'gold' } }, true],
    [{ method: 'POST', path: '/api/*', headers: { 'x-tier': 'gold', 'x-other': '*' } }, false],
  ])('%j: %s', (match, matches) => {
    const test = compileMatch(matchSchema.parse(match)).request;
    expect(test?.(request) ?? true).toBe(matches);
  });

  it.each<[unknown, boolean]>([
    [{ grpc: {} }, true],
    [{ grpc: { service: 'shop.v1.Payments' } }, true],
    [{ grpc: { service: 'shop.*' } }, true],
    [{ grpc: { service: 'shop.*', method: 'Charge' } }, true],
    [{ grpc: { method: 'Refund' } }, false],
    [{ metadata: { tenant: 't*' } }, true],
    [{ metadata: { tenant: 'u*' } }, false],
  ])('%j on a gRPC call: %s', (match, matches) => {
    expect(compileMatch(matchSchema.parse(match)).request?.(call)).toBe(matches);
  });
});

describe('a match on connections', () => {
  it.each<[unknown, boolean]>([
    [{}, true],
    [{ source: '10.1.2.3' }, true],
    [{ source: '10.1.2.4' }, false],
    [{ source: '10.0.0.0/8' }, true],
    [{ source: ['192.168.0.0/16', '10.1.0.0/16'] }, true],
    [{ source: 'fe80::/10' }, false],
    [{ serverName: 'pay.shop.example' }, true],
    [{ serverName: '*.SHOP.example' }, true],
    [{ serverName: 'pay.*', source: '10.9.9.9' }, false],
  ])('%j: %s', (match, matches) => {
    const test = compileMatch(matchSchema.parse(match)).connection;
    expect(test?.(connection) ?? true).toBe(matches);
  });

  it('takes a client of IPv4 on a socket of both families for what it is', () => {
    const test = compileMatch(matchSchema.parse({ source: '10.0.0.0/8' })).connection;
    expect(test?.(connectionView(1, { source: '::ffff:10.1.2.3' }))).toBe(true);
  });

  it('by server name never means a client that gave none', () => {
    const test = compileMatch(matchSchema.parse({ serverName: '**' })).connection;
    expect(test?.(connectionView(1))).toBe(false);
  });
});

it('tells the keys that only requests have', () => {
  expect(requestOnlyKeys({ source: '::1', serverName: 'a' })).toEqual([]);
  expect(requestOnlyKeys({ source: '::1', path: '/', grpc: {} })).toEqual(['path', 'grpc']);
  expect(requestOnlyKeys(undefined)).toEqual([]);
});

it.each([
  { methods: 'GET' },
  { method: '' },
  { method: [] },
  { method: 'GET /' },
  { path: '' },
  { path: 'x'.repeat(1000) },
  { headers: { 'x y': 'a' } },
  { headers: { x: 'a\r\nb: c' } },
  { headers: { x: 1 } },
  { source: 'localhost' },
  { source: '10.0.0.0/33' },
  { source: [] },
  { grpc: { service: '' } },
  'GET',
])('%j is refused as a match', (match) => {
  expect(matchSchema.safeParse(match).success).toBe(false);
});
