import { describe, expect, it } from 'vitest';
import {
  isFieldName,
  isFieldValue,
  writeRequestHead,
  writeResponseHead,
  type HeadEdits,
} from '../../../src/lib/wire/http1-head-writer.ts';
import { HeadReader, RequestHead, ResponseHead } from '../../../src/lib/wire/http1-head.ts';
import { roll } from './pieces.ts';

const REQUEST =
  'POST /cart?x=1 HTTP/1.0\r\nHost:shop.test\r\nX-Many:  a \t\r\ncontent-length: 3\r\nX-MANY: b\r\nx-Empty:\r\nx-many: c\r\n\r\n';
const RESPONSE = 'HTTP/1.1 404 Not  Found \r\nServer: x\r\nSet-Cookie: a\r\nset-cookie: b\r\n\r\n';

function read<Head extends RequestHead | ResponseHead>(create: () => Head, text: string): Head {
  // Other messages stand before and after it in the same bytes.
  const before = 'x'.repeat(5);
  const step = new HeadReader(create).push(Buffer.from(`${before}${text}body`, 'latin1'), before.length);
  if (step.state !== 'head') throw new Error(JSON.stringify(step));
  return step.head;
}

const readRequest = (text: string): RequestHead => read(() => new RequestHead(), text);
const readResponse = (text: string): ResponseHead => read(() => new ResponseHead(), text);
const editedRequest = (edits: HeadEdits, text = REQUEST): string =>
  writeRequestHead(readRequest(text), edits).toString('latin1');
const editedResponse = (edits: HeadEdits, text = RESPONSE): string =>
  writeResponseHead(readResponse(text), edits).toString('latin1');
const set = (members: Record<string, string>): ReadonlyMap<string, string> => new Map(Object.entries(members));

describe('a head that is written without edits', () => {
  it('is the same bytes', () => {
    expect(editedRequest({})).toBe(REQUEST);
    expect(editedResponse({})).toBe(RESPONSE);
    expect(editedRequest({ set: new Map(), remove: new Set(['absent']), status: 500, reason: 'X' })).toBe(REQUEST);
    expect(editedResponse({ status: 404, method: 'PUT', target: '/x' })).toBe(RESPONSE);
    const bytes = 'GET /\xe9 HTTP/1.7\r\nX: \x80\xff\x01\r\n\r\n';
    expect(editedRequest({}, bytes)).toBe(bytes);
  });

  it('is the same from pieces', () => {
    const reader = new HeadReader(() => new RequestHead());
    for (const char of REQUEST.slice(0, -1)) reader.push(Buffer.from(char, 'latin1'));
    const step = reader.push(Buffer.from('\n'));
    if (step.state !== 'head') throw new Error(step.state);
    expect(writeRequestHead(step.head, {}).toString('latin1')).toBe(REQUEST);
  });
});

describe('the start line', () => {
  it.each<[HeadEdits, string]>([
    [{ method: 'PUT' }, 'PUT /cart?x=1 HTTP/1.0'],
    [{ method: 'M-SEARCH' }, 'M-SEARCH /cart?x=1 HTTP/1.0'],
    [{ target: '*' }, 'POST * HTTP/1.0'],
    [{ target: '/\x21\x7e\x80\xff' }, 'POST /\x21\x7e\x80\xff HTTP/1.0'],
    [{ method: 'GET', target: '/a/longer/one?y=2&z' }, 'GET /a/longer/one?y=2&z HTTP/1.0'],
  ])('of a request with %j is %s', (edits, line) => {
    expect(editedRequest(edits)).toBe(REQUEST.replace(/^[^\r]*/, line));
  });

  it.each<[HeadEdits, string]>([
    [{ status: 503 }, 'HTTP/1.1 503 Service Unavailable'],
    [{ status: 599 }, 'HTTP/1.1 599 '],
    [{ status: 100 }, 'HTTP/1.1 100 Continue'],
    [{ status: 999 }, 'HTTP/1.1 999 '],
    [{ status: 503, reason: 'Gone Fishing' }, 'HTTP/1.1 503 Gone Fishing'],
    [{ status: 503, reason: '' }, 'HTTP/1.1 503 '],
    [{ reason: 'Caf\xe9' }, 'HTTP/1.1 404 Caf\xe9'],
    [{ status: 404 }, 'HTTP/1.1 404 Not  Found '],
  ])('of a response with %j is %j', (edits, line) => {
    expect(editedResponse(edits)).toBe(RESPONSE.replace(/^[^\r]*/, line));
  });

  it('may have had no reason', () => {
    expect(editedResponse({ status: 200 }, 'HTTP/1.0 204\r\n\r\n')).toBe('HTTP/1.0 200 OK\r\n\r\n');
    expect(editedResponse({}, 'HTTP/1.0 204\r\n\r\n')).toBe('HTTP/1.0 204\r\n\r\n');
  });
});

describe('header lines', () => {
  it('are replaced in place, with the name as it was written', () => {
    expect(editedRequest({ set: set({ host: 'other.test', 'content-length': '12', 'x-empty': 'full' }) })).toBe(
      REQUEST.replace('shop.test', 'other.test').replace('length: 3', 'length: 12').replace('x-Empty:', 'x-Empty:full'),
    );
  });

  it('of one name become one, where the first was', () => {
    expect(editedRequest({ set: set({ 'x-many': 'z' }) })).toBe(
      REQUEST.replace('  a \t', '  z \t').replace('X-MANY: b\r\n', '').replace('x-many: c\r\n', ''),
    );
    expect(editedResponse({ set: set({ 'set-cookie': '' }) })).toBe(
      RESPONSE.replace('Set-Cookie: a', 'Set-Cookie: ').replace('set-cookie: b\r\n', ''),
    );
  });

  it('that were not there come last, in their order', () => {
    const odd = "!#$%&'*+-.^_`|~09az";
    expect(editedRequest({ set: set({ 'x-new': '1', host: 'h', [odd]: '\x01\t\xff' }) })).toBe(
      `${REQUEST.replace('shop.test', 'h').slice(0, -2)}x-new: 1\r\n${odd}: \x01\t\xff\r\n\r\n`,
    );
    expect(editedRequest({ set: set({ a: 'b' }) }, 'GET / HTTP/1.1\r\n\r\n')).toBe('GET / HTTP/1.1\r\na: b\r\n\r\n');
  });

  it('are removed, all of a name, at the beginning, in the middle and at the end', () => {
    const remove = new Set(['host', 'x-many', 'absent']);
    expect(editedRequest({ remove })).toBe('POST /cart?x=1 HTTP/1.0\r\ncontent-length: 3\r\nx-Empty:\r\n\r\n');
    expect(editedRequest({ remove: new Set(['x-empty']) })).toBe(REQUEST.replace('x-Empty:\r\n', ''));
    const all = new Set([...remove, 'content-length', 'x-empty']);
    expect(editedRequest({ remove: all })).toBe('POST /cart?x=1 HTTP/1.0\r\n\r\n');
  });

  it('that are set and removed are set', () => {
    const edits = { set: set({ 'x-many': 'z' }), remove: new Set(['x-many']) };
    expect(editedRequest(edits)).toBe(editedRequest({ set: edits.set }));
  });

  it('are edited together with the start line', () => {
    expect(
      editedResponse({ status: 500, reason: 'R', set: set({ server: 'y', n: '1' }), remove: new Set(['set-cookie']) }),
    ).toBe('HTTP/1.1 500 R\r\nServer: y\r\nn: 1\r\n\r\n');
  });

  it('leave the head that was read alone', () => {
    const head = readRequest(REQUEST);
    const before = Buffer.from(head.bytes);
    writeRequestHead(head, { method: 'PUT', set: set({ host: 'x', a: 'b' }), remove: new Set(['x-many']) });
    expect(head.bytes).toEqual(before);
    expect(head.header('x-many')).toBe('a, b, c');
  });
});

describe('edits that would not stay in their place', () => {
  const evil = ['\r', '\n', '\0', 'a\r\nX: y', '\u010a', '\u0100', '€', '\ud800'];

  it.each(evil)('are refused in a value, a name and a reason: %j', (text) => {
    expect(() => editedRequest({ set: set({ host: text }) })).toThrow('not to be written as the value of host');
    expect(() => editedRequest({ set: set({ fresh: text }) })).toThrow('not to be written as the value of fresh');
    expect(() => editedRequest({ set: set({ [text]: 'x' }) })).toThrow('not to be written as the name');
    expect(() => editedResponse({ reason: text })).toThrow('not to be written as the status');
    expect(isFieldValue(text)).toBe(false);
    expect(isFieldName(text)).toBe(false);
  });

  it.each(['', 'a b', 'a:', 'Host', '\xe9'])('are refused in a name: %j', (name) => {
    expect(() => editedRequest({ set: set({ [name]: 'x' }) })).toThrow('not to be written as the name');
  });

  it.each(['', 'a b', '/', 'GET\r', 'GÉT', '\u0147ET'])('are refused as a method: %j', (method) => {
    expect(() => editedRequest({ method })).toThrow('not to be written as the method');
  });

  it.each(['', ' ', '/a b', '/\r\n', '/\0', '/\x7f', '/\t', '/€', '/\u010a'])(
    'are refused as a target: %j',
    (target) => {
      expect(() => editedRequest({ target })).toThrow('not to be written as the target');
    },
  );

  it.each([0, 99, 1000, 200.5, -200, Number.NaN, Infinity])('are refused as a status: %d', (status) => {
    expect(() => editedResponse({ status })).toThrow('not to be written as the status');
  });

  it('are all others: what is written reads as one head with what was set', () => {
    const texts = ['a', 'b', 'x-', '\r', '\n', ':', ' ', '\xff', '\t', '', '\0', ',', '\u010a', '\x1f'];
    const pick = (round: number, part: string): string =>
      [1, 2].map((i) => texts[roll(texts.length, 'heads', round, part, i)] ?? '').join('');
    let written = 0;
    for (let round = 0; round < 3000; round++) {
      const [name, value, target] = [pick(round, 'name'), pick(round, 'value'), `/${pick(round, 'target')}`];
      let text: string;
      try {
        text = editedRequest({ target, set: set({ [name]: value, host: value }) });
      } catch {
        continue;
      }
      written++;
      const head = readRequest(text);
      expect(head.end - head.start).toBe(text.length);
      expect(head.target).toBe(target);
      expect(head.header(name)).toBe(value.replace(/^[ \t]+|[ \t]+$/g, ''));
      expect(head.fields.count).toBe(7);
    }
    expect(written).toBeGreaterThan(20);
  });
});
