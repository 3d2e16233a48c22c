import { describe, expect, it } from 'vitest';
import { replaceFilter } from '../../../../src/lib/proxy/filters/replace.ts';
import { requestView } from '../requests.ts';
import { diceOf } from './machine-driver.ts';

const act = (params: unknown) =>
  replaceFilter.bind(params).filter.request?.onRequest(requestView('GET', '/'), diceOf(0));

describe('replace', () => {
  it.each<[string, object, object]>([
    ['the method', { request: { method: 'post' } }, { request: { method: 'POST' } }],
    ['the path', { request: { path: '/v2/%C3%A9' } }, { request: { path: '/v2/%C3%A9' } }],
    [
      'the whole query',
      { request: { query: { a: '1 2', b: '' } } },
      { request: { query: { a: '1 2', b: '' }, queryIsWhole: true } },
    ],
    ['the query by none', { request: { query: {} } }, { request: { query: {}, queryIsWhole: true } }],
    ['headers', { response: { headers: { 'X-A': 'b' } } }, { response: { headers: { 'x-a': 'b' } } }],
    ['the status', { response: { status: 503 } }, { response: { status: 503 } }],
    [
      'a body, which is not compressed then',
      { response: { body: 'é' } },
      { response: { headers: { 'content-encoding': null }, body: Buffer.from('é') } },
    ],
    [
      'a body that is said to be compressed',
      { request: { body: 'x', headers: { 'Content-Encoding': 'gzip' } } },
      { request: { headers: { 'content-encoding': 'gzip' }, body: Buffer.from('x') } },
    ],
    [
      'an answer by one without a body',
      { response: { status: 204, body: '' } },
      { response: { status: 204, headers: { 'content-encoding': null }, body: Buffer.alloc(0) } },
    ],
    [
      'something of both',
      { request: { path: '/' }, response: { status: 200 } },
      { request: { path: '/' }, response: { status: 200 } },
    ],
  ])('replaces %s', (_name, params, edits) => {
    expect(act(params)).toEqual({ do: 'edit', ...edits });
  });

  it('reports what is replaced, of a body only the length', () => {
    const { requested } = replaceFilter.bind({
      request: { method: 'PUT' },
      response: { status: 200, headers: { a: 'b' }, body: 'é' },
    });
    expect(requested).toEqual({
      request: { method: 'PUT' },
      response: { status: 200, headers: { a: 'b' }, bodyBytes: 2 },
      percent: 100,
    });
  });

  it.each<[object, string]>([
    [{}, 'request'],
    [{ request: {} }, 'request'],
    [{ response: {} }, 'response'],
    [{ request: { method: 'GE T' } }, 'request.method'],
    [{ request: { method: 'head' } }, 'request.method'],
    [{ request: { method: 'CONNECT' } }, 'request.method'],
    [{ request: { path: 'a' } }, 'request.path'],
    [{ request: { path: '/a?b' } }, 'request.path'],
    [{ request: { path: '/a#b' } }, 'request.path'],
    [{ request: { path: '/a b' } }, 'request.path'],
    [{ request: { path: '/a\r\nx: y' } }, 'request.path'],
    [{ request: { path: '/é' } }, 'request.path'],
    [{ request: { status: 200 } }, 'request'],
    [{ response: { status: 100 } }, 'response.status'],
    [{ response: { status: 304 } }, 'response.status'],
    [{ response: { status: 204, body: 'x' } }, 'response.status'],
    [{ response: { headers: { 'Content-Length': '5' } } }, 'response.headers.Content-Length'],
    [{ response: { headers: { a: 'b\n' } } }, 'response.headers.a'],
    [{ response: { headers: { a: null } } }, 'response.headers.a'],
    [{ request: { query: { '': 'b' } } }, 'request.query.'],
    [{ response: { body: 'x'.repeat(2 ** 20 + 1) } }, 'response.body'],
  ])('refuses (%#), and says where', (params, path) => {
    expect(replaceFilter.params.safeParse(params).error?.issues[0]?.path.join('.')).toBe(path);
  });
});
