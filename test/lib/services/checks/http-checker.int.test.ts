import type { Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { HttpChecker } from '../../../../src/lib/services/checks/http-checker.ts';
import { parseHealthCheck, type HttpCheckRequest } from '../../../../src/lib/services/health-check.ts';
import { until } from '../../../support/until.ts';
import { serveScript } from './scripted-server.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

function checkerOf(port: number, request: HttpCheckRequest = {}): HttpChecker {
  const check = parseHealthCheck(request);
  if (check.kind !== 'http') throw new Error('not http');
  const checker = new HttpChecker({ host: '127.0.0.1', port }, check);
  onTestFinished(() => checker.reset());
  return checker;
}

/** What one check finds: `fine` or what is wrong. */
const check = (checker: HttpChecker): Promise<string> =>
  new Promise((resolve) => checker.begin((failure) => resolve(failure ?? 'fine')));

/** Writes so that each piece arrives on its own. */
async function writeApart(socket: Socket, pieces: readonly string[]): Promise<void> {
  for (const piece of pieces) {
    socket.write(piece, 'latin1');
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  }
}

describe('an HTTP check', () => {
  it('asks for the path on a connection that it keeps', async () => {
    const server = await serveScript((socket) => socket.write(OK));
    const checker = checkerOf(server.port, { path: '/ready?full=1', hostHeader: 'shop.test' });
    for (let i = 0; i < 5; i++) expect(await check(checker)).toBe('fine');
    expect(server.requests).toEqual([5]);
    expect(server.heads[4]).toBe(
      'GET /ready?full=1 HTTP/1.1\r\nHost: shop.test\r\nUser-Agent: faultline-health\r\nAccept: */*\r\n\r\n',
    );
  });

  it('names the address as the host when it was given none', async () => {
    const server = await serveScript((socket) => socket.write(OK));
    await check(checkerOf(server.port));
    expect(server.heads[0]).toContain(`\r\nHost: 127.0.0.1:${server.port}\r\n`);
  });

  it.each<{ says: string; answer: string; finds: string; closes?: boolean; connections?: number }>([
    { says: 'no body', answer: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', finds: 'fine' },
    {
      says: 'chunks',
      answer: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
      finds: 'fine',
    },
    { says: 'early hints', answer: `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${OK}`, finds: 'fine' },
    { says: '503', answer: 'HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n', finds: 'status 503' },
    { says: '204', answer: 'HTTP/1.1 204 No Content\r\n\r\n', finds: 'status 204' },
    {
      says: 'a connection to be closed',
      answer: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok',
      finds: 'fine',
      connections: 2,
    },
    { says: 'HTTP/1.0', answer: 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok', finds: 'fine', connections: 2 },
    { says: 'a body to the close', answer: 'HTTP/1.1 200 OK\r\n\r\nok', closes: true, finds: 'fine', connections: 2 },
    { says: 'more than one answer', answer: `${OK}${OK}`, finds: 'fine', connections: 2 },
    {
      says: 'garbage',
      answer: '\x00\x01garbage\r\n\r\n',
      finds: 'the answer is not HTTP/1.1 (not-http)',
      connections: 2,
    },
    { says: 'SSH', answer: 'SSH-2.0-OpenSSH_9.6\r\n', finds: 'the answer is not HTTP/1.1 (not-http)', connections: 2 },
    {
      says: 'two lengths',
      answer: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok',
      finds: 'the answer is not HTTP/1.1 (differing-content-lengths)',
      connections: 2,
    },
    {
      says: 'a broken chunk',
      answer: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
      finds: 'the body of the answer is broken',
      connections: 2,
    },
    {
      says: 'another protocol',
      answer: 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n',
      finds: 'the server switched to another protocol',
      connections: 2,
    },
    {
      says: 'a head too large',
      answer: `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`,
      finds: 'the answer is not HTTP/1.1 (head-too-large)',
      connections: 2,
    },
    {
      says: 'nothing',
      answer: '',
      closes: true,
      finds: 'the connection was closed while waiting for the answer',
      connections: 2,
    },
    {
      says: 'half a body',
      answer: 'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nok',
      closes: true,
      finds: 'the connection was closed while reading the body',
      connections: 2,
    },
  ])('that is answered by $says finds: $finds', async ({ answer, closes, finds, connections }) => {
    const server = await serveScript((socket) =>
      closes === true ? socket.end(answer, 'latin1') : socket.write(answer, 'latin1'),
    );
    const checker = checkerOf(server.port);
    expect(await check(checker)).toBe(finds);
    expect(await check(checker)).toBe(finds);
    expect(server.requests).toHaveLength(connections ?? 1);
  });

  it('takes the statuses that it is given', async () => {
    const server = await serveScript((socket, i) =>
      socket.write(`HTTP/1.1 ${[200, 204, 429][i]} X\r\nContent-Length: 0\r\n\r\n`),
    );
    const checker = checkerOf(server.port, { statuses: [204, 429] });
    expect([await check(checker), await check(checker), await check(checker)]).toEqual(['status 200', 'fine', 'fine']);
    expect(server.requests).toEqual([3]);
  });

  it.each([
    ['a length', OK],
    ['chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'],
    ['an interim answer', `HTTP/1.1 100 Continue\r\n\r\n${OK}`],
    ['blank lines before it', `\r\n\r\n${OK}`],
  ])('reads an answer with %s split at every byte, whatever it read before', async (_says, answer) => {
    const server = await serveScript((socket, i) => {
      if (i === 0) socket.write(answer);
      else void writeApart(socket, [answer.slice(0, i), answer.slice(i)]);
    });
    const checker = checkerOf(server.port);
    for (let i = 0; i < answer.length; i++) expect([i, await check(checker)]).toEqual([i, 'fine']);
    expect(server.requests).toEqual([answer.length]);
  });

  it('reads an answer that comes byte by byte', async () => {
    const server = await serveScript((socket) => void writeApart(socket, OK.split('')));
    const checker = checkerOf(server.port);
    expect([await check(checker), await check(checker)]).toEqual(['fine', 'fine']);
  });

  it.each([
    ['cut in its head', OK.slice(0, 20), OK.slice(20)],
    ['cut after an interim answer', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 2', OK.slice(10)],
    ['cut after blank lines', '\r\n\r\nHTTP/1.1 2', OK.slice(10)],
  ])('is not mixed up with what other connections read meanwhile: %s', async (_says, first, second) => {
    const slow = await serveScript((socket) => socket.write(first));
    const other = await serveScript((socket) =>
      socket.write(`HTTP/1.1 500 ${'x'.repeat(200)}\r\nContent-Length: 0\r\n\r\n`),
    );
    const found = check(checkerOf(slow.port));
    await until('the first piece was sent', () => slow.heads.length === 1);
    const between = checkerOf(other.port);
    for (let i = 0; i < 10; i++) expect(await check(between)).toBe('status 500');
    slow.sockets[0]!.write(second);
    expect(await found).toBe('fine');
  });

  it('finds a failure in an answer cut at every byte', async () => {
    const server = await serveScript((socket, i) => socket.end(OK.slice(0, i)));
    const checker = checkerOf(server.port);
    while (server.heads.length < OK.length) expect(await check(checker)).toMatch(/^the connection was closed while/);
  });

  it('does not take a status for the one that came before with another', async () => {
    const status = [200, 200, 503, 503, 200, 200];
    const server = await serveScript((socket, i) =>
      socket.write(`HTTP/1.1 ${status[i]} X\r\nContent-Length: 2\r\n\r\nok`),
    );
    const checker = checkerOf(server.port);
    const found: string[] = [];
    while (found.length < status.length) found.push(await check(checker));
    expect(found).toEqual(['fine', 'fine', 'status 503', 'status 503', 'fine', 'fine']);
  });

  it('does not take half an answer for the whole one that it resembles', async () => {
    const server = await serveScript((socket, i) =>
      socket.write(
        i === 0 ? 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n' : 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n',
      ),
    );
    const checker = checkerOf(server.port);
    expect(await check(checker)).toBe('fine');
    let found: string | undefined;
    checker.begin((failure) => (found = failure ?? 'fine'));
    await until('the head was read', () => checker.stage === 'reading the body');
    expect(found).toBeUndefined();
  });
});

describe('a kept connection', () => {
  it('that was closed between two checks is replaced', async () => {
    const server = await serveScript((socket) => socket.write(OK));
    const checker = checkerOf(server.port);
    await check(checker);
    server.sockets[0]!.end();
    await until('it is closed', () => checker.stage === 'connecting');
    expect(await check(checker)).toBe('fine');
    expect(server.requests).toEqual([1, 1]);
  });

  it.each([
    ['closed', (socket: Socket) => void socket.end()],
    ['reset', (socket: Socket) => void socket.resetAndDestroy()],
    ['closed within the answer', (socket: Socket) => void socket.end(OK.slice(0, -1))],
  ])('that is %s by the next request is tried once more on a new one', async (_how, breaks) => {
    const server = await serveScript((socket, i) => (i === 1 ? breaks(socket) : socket.write(OK)));
    const checker = checkerOf(server.port);
    expect([await check(checker), await check(checker)]).toEqual(['fine', 'fine']);
    expect(server.requests).toEqual([1 + 1, 1]);
  });

  it('is not tried a third time', async () => {
    const server = await serveScript((socket, i) => (i === 0 ? socket.write(OK) : socket.end()));
    const checker = checkerOf(server.port);
    await check(checker);
    expect(await check(checker)).toBe('the connection was closed while waiting for the answer');
    expect(server.requests).toEqual([2, 1]);
  });

  it('on which something comes unasked is given up', async () => {
    const server = await serveScript((socket) => socket.write(OK));
    const checker = checkerOf(server.port);
    await check(checker);
    server.sockets[0]!.write(OK);
    await until('it is given up', () => checker.stage === 'connecting');
    expect(await check(checker)).toBe('fine');
    expect(server.requests).toEqual([1, 1]);
  });

  it('does not hide that a new one is refused', async () => {
    const server = await serveScript((socket) => socket.write(OK));
    const checker = checkerOf(server.port);
    await check(checker);
    await server.close();
    expect(await check(checker)).toBe(`connect ECONNREFUSED 127.0.0.1:${server.port}`);
  });
});

describe('a check that is ended', () => {
  it('gives no result, and the next one takes a new connection', async () => {
    const server = await serveScript((socket, i) => i > 0 && socket.write(OK));
    const checker = checkerOf(server.port);
    let found = 0;
    checker.begin(() => found++);
    await until('it was asked', () => server.heads.length === 1);
    checker.reset();
    expect(await check(checker)).toBe('fine');
    expect(found).toBe(0);
    expect(server.requests).toEqual([1, 1]);
  });

  it('can be ended before it is connected, and again', () => {
    const checker = checkerOf(1);
    checker.begin(() => undefined);
    checker.reset();
    checker.reset();
    expect(checker.stage).toBe('connecting');
  });
});
