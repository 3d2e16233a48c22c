import { describe, expect, it } from 'vitest';
import type { MessageEdit } from '../../../../src/lib/proxy/filter.ts';
import { patchFilter } from '../../../../src/lib/proxy/filters/patch.ts';
import { requestView } from '../requests.ts';
import { diceOf } from './machine-driver.ts';

const act = (params: unknown) => patchFilter.bind(params).filter.request?.onRequest(requestView('GET', '/'), diceOf(0));

/** What the patch makes of a body; undefined when it leaves it alone. */
function patched(patch: unknown, body: string | Buffer): string | undefined {
  const action = act({ response: { body: patch } });
  const edit: MessageEdit = (action?.do === 'edit' ? action.response : undefined) ?? {};
  return typeof edit.body === 'function' ? edit.body(Buffer.from(body))?.toString() : undefined;
}

describe('patch', () => {
  it('sets and removes headers and names in the query', () => {
    expect(
      act({
        request: { headers: { 'X-A': 'b', Cookie: null }, query: { page: '2', debug: null } },
        response: { headers: { ETag: null } },
      }),
    ).toEqual({
      do: 'edit',
      request: { headers: { 'x-a': 'b', cookie: null }, query: { page: '2', debug: null } },
      response: { headers: { etag: null } },
    });
  });

  it.each<[unknown, string, string]>([
    [{ price: 0 }, '{"id": 7, "price": 12.5}', '{"id":7,"price":0}'],
    [{ a: { b: null } }, '{"a":{"b":1,"c":2}}', '{"a":{"c":2}}'],
    [{ é: 'ü' }, '{}', '{"é":"ü"}'],
    [[], '{"a":1}', '[]'],
    [{ a: 1 }, '[1,2]', '{"a":1}'],
    [{ b: 1 }, '\ufeff{"a":1}', '{"a":1,"b":1}'],
    [null, '{"a":1}', 'null'],
  ])('with %j makes of %s: %s', (patch, body, result) => {
    expect(patched(patch, body)).toBe(result);
  });

  it.each<[unknown, string, string]>([
    [{ a: 1 }, '{"id":12345678901234567890}', '{"id":12345678901234567890,"a":1}'],
    [{ a: 1 }, '{"x":[1e400,-0.10000000000000000001]}', '{"x":[1e400,-0.10000000000000000001],"a":1}'],
    [{ id: null }, '{"id":12345678901234567890,"b":1}', '{"b":1}'],
    [{ id: { a: 1 } }, '{"id":12345678901234567890}', '{"id":{"a":1}}'],
    [{ o: { id: { a: 1 } } }, '{"o":{"id":12345678901234567890,"p":1e999}}', '{"o":{"id":{"a":1},"p":1e999}}'],
    [{ a: 1 }, '12345678901234567890', '{"a":1}'],
  ])('with %j leaves the large numbers of %s as they are', (patch, body, result) => {
    expect(patched(patch, body)).toBe(result);
  });

  it.each([
    '',
    'plain',
    '{"a":',
    '{"a":1}}',
    "{'a':1}",
    Buffer.from([0x22, 0xff, 0x22]),
    Buffer.from([0x1f, 0x8b, 8, 0]),
    '['.repeat(100_000),
  ])('leaves a body alone that is no JSON in UTF-8 (%#)', (body) => {
    expect(patched({ a: 1 }, body)).toBeUndefined();
  });

  it.each([
    `[1e9,${'['.repeat(100_000)}${']'.repeat(100_000)}]`,
    `${'{"n":'.repeat(100_000)}1e9${'}'.repeat(100_000)}`,
    `${'{"n":'.repeat(100_000)}1${'}'.repeat(100_000)}`,
  ])('never fails on a body, however deeply it is nested (%#)', (body) => {
    expect(patched({ a: 1 }, body) ?? '{"a":1}').toMatch(/"a":1\}$/);
  });

  it('gives a body or leaves it alone wherever it is cut', () => {
    const body = Buffer.from('{"é":[1e9,"x\\u00e9",{"n":12345678901234567890}],"t":true}');
    for (let cut = 0; cut < body.length; cut++) expect(patched({ a: 1 }, body.subarray(0, cut))).toBeUndefined();
    expect(patched({ a: 1 }, body)).toContain('"a":1');
  });

  it('never takes `__proto__` for anything but a name', () => {
    const patch = JSON.parse('{"a":{"__proto__":{"polluted":1}}}') as unknown;
    patched(patch, '{"a":{"__proto__":{"x":1}}}');
    expect({}).not.toHaveProperty('polluted');
  });

  it('reports what is changed', () => {
    const params = { request: { query: { a: null } }, response: { body: { a: [1, null] } } };
    expect(patchFilter.bind(params).requested).toEqual({ ...params, percent: 100 });
  });

  it.each<[object, string]>([
    [{}, 'request'],
    [{ response: {} }, 'response'],
    [{ response: { headers: { 'transfer-encoding': null } } }, 'response.headers.transfer-encoding'],
    [{ response: { query: { a: '1' } } }, 'response'],
    [{ request: { query: { a: 1 } } }, 'request.query.a'],
    [{ request: { method: 'PUT' } }, 'request'],
    [{ request: { body: JSON.parse(`${'{"a":'.repeat(300)}1${'}'.repeat(300)}`) as unknown } }, 'request.body'],
  ])('refuses a mistake, and says where (%#)', (params, path) => {
    expect(patchFilter.params.safeParse(params).error?.issues[0]?.path.join('.')).toBe(path);
  });
});
