import { describe, expect, it } from 'vitest';
import { BodyScanner, requestFraming, responseFraming, type BodyFraming } from '../../../src/lib/wire/http1-body.ts';
import { HeadReader, RequestHead, ResponseHead } from '../../../src/lib/wire/http1-head.ts';

function requestOf(head: string): RequestHead {
  const step = new HeadReader(() => new RequestHead()).push(Buffer.from(`${head}\r\n\r\n`));
  if (step.state !== 'head') throw new Error(JSON.stringify(step));
  return step.head;
}

function responseOf(head: string): ResponseHead {
  const step = new HeadReader(() => new ResponseHead()).push(Buffer.from(`${head}\r\n\r\n`));
  if (step.state !== 'head') throw new Error(JSON.stringify(step));
  return step.head;
}

const text = (framing: BodyFraming): string => (framing.body === 'length' ? `length ${framing.bytes}` : framing.body);

describe('where a request ends', () => {
  it.each([
    ['GET / HTTP/1.1', 'none'],
    ['POST / HTTP/1.1', 'none'],
    ['POST / HTTP/1.1\r\nContent-Length: 0', 'none'],
    ['GET / HTTP/1.1\r\nContent-Length: 7', 'length 7'],
    ['POST / HTTP/1.1\r\nTransfer-Encoding: chunked', 'chunked'],
    ['POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked', 'chunked'],
    ['CONNECT a:1 HTTP/1.1\r\nContent-Length: 7', 'none'],
  ])('%j: %s', (head, framing) => {
    expect(text(requestFraming(requestOf(head)))).toBe(framing);
  });
});

describe('where a response ends', () => {
  it.each([
    ['GET', 'HTTP/1.1 200 OK\r\nContent-Length: 7', 'length 7'],
    ['GET', 'HTTP/1.1 200 OK\r\nContent-Length: 0', 'none'],
    ['GET', 'HTTP/1.1 200 OK', 'until-close'],
    ['GET', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked', 'chunked'],
    ['GET', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip', 'until-close'],
    ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 7', 'none'],
    ['HEAD', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked', 'none'],
    ['GET', 'HTTP/1.1 204 No Content', 'none'],
    ['GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 7', 'none'],
    ['GET', 'HTTP/1.1 100 Continue', 'none'],
    ['GET', 'HTTP/1.1 103 Early Hints', 'none'],
    ['GET', 'HTTP/1.1 101 Switching Protocols', 'tunnel'],
    ['CONNECT', 'HTTP/1.1 200 OK\r\nContent-Length: 7', 'tunnel'],
    ['CONNECT', 'HTTP/1.1 407 No\r\nContent-Length: 7', 'length 7'],
  ])('%s answered %j: %s', (method, head, framing) => {
    expect(text(responseFraming(responseOf(head), method))).toBe(framing);
  });
});

interface Found {
  readonly end: number;
  readonly state: string;
}

/** Scans the pieces one after another; `end` counts from the first byte of all. */
function scanAll(framing: BodyFraming, pieces: readonly Buffer[]): Found {
  const scanner = new BodyScanner();
  scanner.begin(framing);
  let before = 0;
  for (const piece of pieces) {
    const at = scanner.scan(piece, 0);
    if (scanner.state !== 'open') return { end: before + at, state: scanner.state };
    expect(at).toBe(piece.length);
    before += piece.length;
  }
  return { end: before, state: scanner.state };
}

const CHUNKED: BodyFraming = { body: 'chunked' };
const BODIES: readonly (readonly [BodyFraming, string])[] = [
  [{ body: 'length', bytes: 11 }, 'hello world'],
  [CHUNKED, '0\r\n\r\n'],
  [CHUNKED, '4\r\nWiki\r\n5;a="b;c"\r\npedia\r\nE \t\r\n in\r\n\r\nchunks.\r\n0;last\r\nDigest: x\r\nA: b\r\n\r\n'],
  [CHUNKED, '000000000000a\r\n0123456789\r\n00\r\n\r\n'],
];

describe('a body followed to its end', () => {
  it('ends at the same byte wherever it is split', () => {
    for (const [framing, body] of BODIES) {
      const bytes = Buffer.from(`${body}GET / HTTP/1.1\r\n`);
      const expected = { end: body.length, state: 'done' };
      for (let cut = 0; cut <= bytes.length; cut++) {
        expect(scanAll(framing, [bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual(expected);
      }
      expect(
        scanAll(
          framing,
          [...bytes].map((byte) => Buffer.from([byte])),
        ),
      ).toEqual(expected);
    }
  });

  it('is open when it is cut anywhere before its end', () => {
    for (const [framing, body] of BODIES) {
      for (let cut = 0; cut < body.length; cut++) {
        expect(scanAll(framing, [Buffer.from(body.slice(0, cut))])).toEqual({ end: cut, state: 'open' });
      }
    }
  });

  it('has no end but the close when nothing says its length', () => {
    expect(scanAll({ body: 'until-close' }, [Buffer.alloc(1000)])).toEqual({ end: 1000, state: 'open' });
    expect(scanAll({ body: 'none' }, [Buffer.alloc(10)])).toEqual({ end: 0, state: 'done' });
  });

  it.each([
    'x',
    '\r\n',
    ';a\r\n',
    ' 4\r\n',
    '4\nWiki',
    '4;a\nWiki',
    '4;\0\r\n',
    '4\r\nWikiX',
    '4\r\nWiki\nX',
    '0\r\n\rX',
    '0\r\nA: b\n\r\n',
    '0\r\n\n',
    '-1\r\n',
    '0x4\r\n',
    '12345678901234\r\n',
    `4;${'a'.repeat(5000)}`,
    `0\r\n${'A: b\r\n'.repeat(20_000)}`,
  ])('goes bad on %.40j and stops there', (body) => {
    const bytes = Buffer.from(body, 'latin1');
    const found = scanAll(CHUNKED, [bytes]);
    expect(found.state).toBe('bad');
    expect(found.end).toBeLessThan(bytes.length);
    expect(
      scanAll(
        CHUNKED,
        [...bytes].map((byte) => Buffer.from([byte])),
      ),
    ).toEqual(found);
  });
});
