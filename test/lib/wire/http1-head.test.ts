import { describe, expect, it } from 'vitest';
import { hashFraction } from '../../../src/lib/runtime/chance.ts';
import { MAX_HEADERS } from '../../../src/lib/wire/http1-fields.ts';
import {
  HeadReader,
  MAX_HEAD_BYTES,
  RequestHead,
  ResponseHead,
  type HeadProblem,
  type HeadStep,
} from '../../../src/lib/wire/http1-head.ts';

const requests = (): HeadReader<RequestHead> => new HeadReader(() => new RequestHead());
const responses = (): HeadReader<ResponseHead> => new HeadReader(() => new ResponseHead());

/** Pushes the parts one after another; the first step that is not `more`, or `more`. */
function pushAll<Head extends RequestHead | ResponseHead>(reader: HeadReader<Head>, parts: Buffer[]): HeadStep<Head> {
  for (const part of parts) {
    const step = reader.push(part);
    if (step.state !== 'more') return step;
  }
  return { state: 'more' };
}

function readRequest(text: string): HeadStep<RequestHead> {
  return requests().push(Buffer.from(text, 'latin1'));
}

function problemOf(step: HeadStep<unknown>): HeadProblem | 'none' | 'more' {
  return step.state === 'bad' ? step.problem : step.state === 'head' ? 'none' : 'more';
}

const REQUEST =
  'POST /cart/7?x=1#f HTTP/1.1\r\nHost: shop.test\r\nX-Many: a\r\nContent-Length:  12 \r\nx-many:\tb\r\nConnection: Keep-Alive, Upgrade\r\nX-Empty:\r\n\r\n';
const RESPONSE = 'HTTP/1.1 404 Not  Found\r\nContent-Length: 3\r\nSet-Cookie: a=1\r\n\r\n';

describe('a request head', () => {
  it('gives method, target, path, headers and framing', () => {
    const step = readRequest(`${REQUEST}body`);
    expect(step.state).toBe('head');
    if (step.state !== 'head') return;
    const { head } = step;
    expect(head.method).toBe('POST');
    expect(head.target).toBe('/cart/7?x=1#f');
    expect(head.path).toBe('/cart/7');
    expect(head.header('host')).toBe('shop.test');
    expect(head.header('x-many')).toBe('a, b');
    expect(head.header('x-empty')).toBe('');
    expect(head.header('absent')).toBeUndefined();
    expect(head.fields.contentLength).toBe(12);
    expect(head.fields.connectionUpgrade).toBe(true);
    expect(head.keepsAlive).toBe(true);
    expect(head.bytes.toString('latin1', head.end)).toBe('body');
  });

  it.each([
    ['GET http://host:80/a/b?c HTTP/1.1', '/a/b'],
    ['GET http://host HTTP/1.1', '/'],
    ['GET http://host?q HTTP/1.1', '/'],
    ['OPTIONS * HTTP/1.1', '*'],
    ['CONNECT host:443 HTTP/1.1', 'host:443'],
    ['GET /?a=/b HTTP/1.1', '/'],
    ['GET /%2e/\xe9 HTTP/1.1', '/%2e/\xe9'],
  ])('finds the path of %s', (line, path) => {
    const step = readRequest(`${line}\r\n\r\n`);
    expect(step.state === 'head' && step.head.path).toBe(path);
  });

  it.each([
    ['HTTP/1.1', '', true],
    ['HTTP/1.1', 'Connection: close\r\n', false],
    ['HTTP/1.1', 'Connection: foo, CLOSE\r\n', false],
    ['HTTP/1.0', '', false],
    ['HTTP/1.0', 'Connection: keep-alive\r\n', true],
    ['HTTP/1.0', 'Connection: keep-alive, close\r\n', false],
  ])('%s with "%s" keeps the connection: %s', (version, header, keeps) => {
    const step = readRequest(`GET / ${version}\r\n${header}\r\n`);
    expect(step.state === 'head' && step.head.keepsAlive).toBe(keeps);
  });

  it('skips empty lines before the request line', () => {
    const step = readRequest('\r\n\r\nGET / HTTP/1.1\r\n\r\n');
    expect(step.state === 'head' && step.head.method).toBe('GET');
    expect(step.state === 'head' && step.head.bytes.toString('latin1', step.head.start)).toBe('GET / HTTP/1.1\r\n\r\n');
  });

  it('reads one head after another from where the last one ended', () => {
    const reader = requests();
    const bytes = Buffer.from('GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\nA: b\r\n\r\nGET /3');
    const first = reader.push(bytes);
    expect(first.state === 'head' && first.head.path).toBe('/1');
    const second = reader.push(bytes, first.state === 'head' ? first.head.end : 0);
    expect(second.state === 'head' && second.head.path).toBe('/2');
    expect(second.state === 'head' && second.head.header('a')).toBe('b');
    expect(reader.push(bytes, second.state === 'head' ? second.head.end : 0).state).toBe('more');
    expect(reader.takePartial()?.toString()).toBe('GET /3');
    expect(reader.takePartial()).toBeUndefined();
  });

  it.each<[string, HeadProblem]>([
    ['\x16\x03\x01\x02', 'not-http'],
    ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'not-http'],
    ['PING\r\n', 'not-http'],
    ['*1\r\n$4\r\nPING\r\n', 'not-http'],
    ['get key\r\n', 'not-http'],
    ['GET  / HTTP/1.1\r\n\r\n', 'not-http'],
    ['GET / HTTP/1.1 \r\n\r\n', 'not-http'],
    ['GET / HTTP/1.1\n\n', 'not-http'],
    ['GET /\x00 HTTP/1.1\r\n\r\n', 'not-http'],
    ['GET /a b HTTP/1.1\r\n\r\n', 'not-http'],
    ['GET / http/1.1\r\n\r\n', 'not-http'],
    ['\rGET / HTTP/1.1\r\n\r\n', 'not-http'],
    [' GET / HTTP/1.1\r\n\r\n', 'not-http'],
    ['A'.repeat(33), 'not-http'],
    ['GET / HTTP/1.1\r\nHost: x\n\n', 'bad-field'],
    ['GET / HTTP/1.1\r\nHost: x\rY: z\r\n\r\n', 'bad-field'],
    ['GET / HTTP/1.1\r\nHost: a\x00b\r\n\r\n', 'bad-field'],
    ['GET / HTTP/1.1\r\nHost\r\n\r\n', 'bad-field'],
    ['GET / HTTP/1.1\r\n: x\r\n\r\n', 'bad-field'],
    ['GET / HTTP/1.1\r\nH\xf6st: x\r\n\r\n', 'bad-field'],
    ['GET / HTTP/1.1\r\nA: b\r\n\rX', 'bad-field'],
    ['GET / HTTP/1.1\r\nHost : x\r\n\r\n', 'space-before-colon'],
    ['GET / HTTP/1.1\r\nTransfer-Encoding\t: chunked\r\n\r\n', 'space-before-colon'],
    ['GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n', 'obs-fold'],
    ['GET / HTTP/1.1\r\n\tA: b\r\n\r\n', 'obs-fold'],
    ['GET / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n', 'ambiguous-length'],
    ['GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n', 'ambiguous-length'],
    ['GET / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n', 'differing-content-lengths'],
    ['GET / HTTP/1.1\r\nContent-Length: 5, 6\r\n\r\n', 'differing-content-lengths'],
    ['GET / HTTP/1.1\r\nContent-Length: +5\r\n\r\n', 'bad-content-length'],
    ['GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n', 'bad-content-length'],
    ['GET / HTTP/1.1\r\nContent-Length: 0x5\r\n\r\n', 'bad-content-length'],
    ['GET / HTTP/1.1\r\nContent-Length: 5 5\r\n\r\n', 'bad-content-length'],
    ['GET / HTTP/1.1\r\nContent-Length:\r\n\r\n', 'bad-content-length'],
    ['GET / HTTP/1.1\r\nContent-Length: 9999999999999999\r\n\r\n', 'bad-content-length'],
    ['GET / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n', 'bad-transfer-encoding'],
    ['GET / HTTP/1.1\r\nTransfer-Encoding: \x0bchunked\r\n\r\n', 'bad-transfer-encoding'],
    ['GET / HTTP/1.1\r\nTransfer-Encoding: chunked, identity\r\n\r\n', 'bad-transfer-encoding'],
    ['GET / HTTP/1.1\r\nTransfer-Encoding: chunked, chunked\r\n\r\n', 'bad-transfer-encoding'],
    ['GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n', 'bad-transfer-encoding'],
    ['GET / HTTP/1.1\r\nTransfer-Encoding:\r\n\r\n', 'bad-transfer-encoding'],
    ['GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n', 'bad-transfer-encoding'],
  ])('%j is refused: %s', (text, problem) => {
    expect(problemOf(readRequest(text))).toBe(problem);
  });

  it.each([
    'GET / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n',
    'GET / HTTP/1.1\r\nContent-Length: 5, 5\r\n\r\n',
    'GET / HTTP/1.1\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n',
    'GET / HTTP/1.1\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n',
    'M-SEARCH * HTTP/1.7\r\nA:b\r\n\r\n',
    'GET / HTTP/1.1\r\nX: \x80\xff \x7f\x01\r\n\r\n',
  ])('%j is taken', (text) => {
    expect(problemOf(readRequest(text))).toBe('none');
  });

  it('is refused once it is longer than the limit, whether or not its end has come', () => {
    const long = `GET / HTTP/1.1\r\nX: ${'a'.repeat(MAX_HEAD_BYTES)}`;
    expect(problemOf(readRequest(long))).toBe('head-too-large');
    expect(problemOf(readRequest(`${long}\r\n\r\n`))).toBe('head-too-large');
    expect(problemOf(pushAll(requests(), chop(Buffer.from(long), 1000)))).toBe('head-too-large');
    const exact = `GET / HTTP/1.1\r\nX: ${'a'.repeat(MAX_HEAD_BYTES - 23)}\r\n\r\n`;
    expect(exact.length).toBe(MAX_HEAD_BYTES);
    expect(problemOf(readRequest(exact))).toBe('none');
    expect(problemOf(pushAll(requests(), chop(Buffer.from(exact), 1000)))).toBe('none');
  });

  it('is refused with more headers than the limit', () => {
    const lines = (count: number): string => `GET / HTTP/1.1\r\n${'A: b\r\n'.repeat(count)}\r\n`;
    expect(problemOf(readRequest(lines(MAX_HEADERS)))).toBe('none');
    expect(problemOf(readRequest(lines(MAX_HEADERS + 1)))).toBe('too-many-headers');
  });

  it('gives all bytes back when it is refused', () => {
    const reader = requests();
    reader.push(Buffer.from('SSH-2.0'));
    const step = reader.push(Buffer.from('-OpenSSH\r\nmore'));
    expect(step.state === 'bad' && step.bytes.toString()).toBe('SSH-2.0-OpenSSH\r\nmore');
  });
});

it.each<[string, boolean]>([
  ['GET / HTTP/1.1\r\nAuthorization: NTLM TlRMTVNTUAAB\r\n\r\n', true],
  ['GET / HTTP/1.1\r\nauthorization: negotiate YII\r\n\r\n', true],
  ['GET / HTTP/1.1\r\nAuthorization: Bearer negotiate\r\n\r\n', false],
  ['GET / HTTP/1.1\r\nX-Note: NTLM\r\n\r\n', false],
  ['HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm="a", NTLM\r\n\r\n', true],
  ['HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm="a"\r\nWWW-Authenticate: Negotiate\r\n\r\n', true],
  ['HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm="NTLM"\r\n\r\n', false],
])('%j authenticates the connection: %s', (text, expected) => {
  const step = (text.startsWith('HTTP') ? responses() : requests()).push(Buffer.from(text, 'latin1'));
  expect(step.state === 'head' && step.head.fields.bindsConnection).toBe(expected);
});

describe('a response head', () => {
  it.each([
    ['HTTP/1.1 200 OK\r\n\r\n', 200],
    ['HTTP/1.1 200\r\n\r\n', 200],
    ['HTTP/1.1 599 \r\n\r\n', 599],
    ['HTTP/1.0 301 Caf\xe9\r\n\r\n', 301],
  ])('%j has status %d', (text, status) => {
    const step = responses().push(Buffer.from(text, 'latin1'));
    expect(step.state === 'head' && step.head.status).toBe(status);
  });

  it.each<[string, HeadProblem]>([
    ['ICY 200 OK\r\n\r\n', 'not-http'],
    ['HTTP/2 200\r\n\r\n', 'not-http'],
    ['HTTP/1.1 20\r\n\r\n', 'not-http'],
    ['HTTP/1.1 2000\r\n\r\n', 'not-http'],
    ['HTTP/1.1 099 X\r\n\r\n', 'not-http'],
    ['HTTP/1.1  200 OK\r\n\r\n', 'not-http'],
    ['HTTP/1.1 200 OK\n\n', 'not-http'],
    ['HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n', 'ambiguous-length'],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n', 'bad-transfer-encoding'],
  ])('%j is refused: %s', (text, problem) => {
    expect(problemOf(responses().push(Buffer.from(text, 'latin1')))).toBe(problem);
  });
});

describe('bytes that arrive in pieces', () => {
  const texts = [REQUEST, `\r\n${REQUEST}`, 'GET / HTTP/1.1\r\n\r\n'];

  it('give the same request wherever they are split', () => {
    for (const text of texts) {
      const bytes = Buffer.from(`${text}REST`, 'latin1');
      const whole = pushAll(requests(), [bytes]);
      if (whole.state !== 'head') throw new Error('expected a head');
      for (let cut = 0; cut <= text.length; cut++) {
        const step = pushAll(requests(), [bytes.subarray(0, cut), bytes.subarray(cut)]);
        if (step.state !== 'head') throw new Error(`cut at ${cut}: ${step.state}`);
        const { head } = step;
        // A head that was complete before the cut leaves nothing to the second piece.
        const rest = cut >= text.length ? 'REST'.slice(0, cut - text.length) : 'REST';
        expect(head.bytes.toString('latin1', head.start, head.end)).toBe(text.trimStart());
        expect(head.bytes.toString('latin1', head.end)).toBe(rest);
        expect(head.method).toBe(whole.head.method);
        expect(head.header('x-many')).toBe(whole.head.header('x-many'));
      }
    }
  });

  it('give the same response wherever they are split', () => {
    const bytes = Buffer.from(RESPONSE);
    for (let cut = 0; cut <= RESPONSE.length; cut++) {
      const step = pushAll(responses(), [bytes.subarray(0, cut), bytes.subarray(cut)]);
      expect(step.state === 'head' && [step.head.status, step.head.fields.contentLength]).toEqual([404, 3]);
    }
  });

  it('give the same head byte by byte', () => {
    const step = pushAll(requests(), chop(Buffer.from(REQUEST), 1));
    expect(step.state === 'head' && step.head.header('x-many')).toBe('a, b');
  });

  it('need more when they are cut anywhere before the end', () => {
    for (let cut = 0; cut < REQUEST.length; cut++) expect(readRequest(REQUEST.slice(0, cut)).state).toBe('more');
    for (let cut = 0; cut < RESPONSE.length; cut++) {
      expect(responses().push(Buffer.from(RESPONSE.slice(0, cut))).state).toBe('more');
    }
  });

  it('never throw and never ask for more than the limit, whatever they are', () => {
    const alphabet = [
      'GET ',
      '/',
      ' HTTP/1.1',
      '\r\n',
      '\n',
      ':',
      'a',
      '\0',
      ' ',
      '\xff',
      'Content-Length: 1',
      'HTTP/1.1 200',
    ];
    for (let round = 0; round < 2000; round++) {
      const parts = Array.from({ length: 12 }, (_, i) =>
        Buffer.from(alphabet[Math.floor(hashFraction('garbage', round, i) * alphabet.length)] ?? '', 'latin1'),
      );
      const inPieces = pushAll(requests(), parts).state;
      const atOnce = requests().push(Buffer.concat(parts)).state;
      expect(inPieces).toBe(atOnce);
      pushAll(responses(), parts);
    }
    const endless = pushAll(
      requests(),
      Array<Buffer>(200).fill(Buffer.from(`GET /${'a'.repeat(1000)}`.replace(' ', '!'))),
    );
    expect(endless.state).toBe('bad');
  });
});

function chop(bytes: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
}
