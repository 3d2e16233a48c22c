import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { openLocalCa, type LocalCa } from '../../../../src/lib/proxy/local-ca.ts';
import { realClock } from '../../../../src/lib/runtime/clock.ts';
import { HttpChecker } from '../../../../src/lib/services/checks/http-checker.ts';
import { parseHealthCheck, type CheckTls, type HttpCheck } from '../../../../src/lib/services/health-check.ts';

let ca: LocalCa;
beforeAll(() => {
  const directory = mkdtempSync(join(tmpdir(), 'faultline-test-'));
  ca = openLocalCa(directory, realClock);
  return () => rmSync(directory, { recursive: true });
});

const BARE: CheckTls = { serverName: undefined, ca: undefined, client: undefined, insecure: false };

/** A server with a certificate for that name; `mutual` wants one of the client's, too. */
async function serve(name: string, mutual = false) {
  const names: (string | undefined)[] = [];
  const options = { ...ca.certify(name), requestCert: mutual, rejectUnauthorized: false };
  const server = createServer(options, (request, response) => {
    const { socket } = request;
    const shown = socket instanceof TLSSocket && Object.keys(socket.getPeerCertificate()).length > 0;
    response.writeHead(mutual && !shown ? 403 : 200).end('ok');
  }).listen(0, '127.0.0.1');
  let connections = 0;
  server.on('secureConnection', ({ servername }: { servername?: string | false }) => {
    connections++;
    names.push(servername === false ? undefined : servername);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const checkerOf = (tls: Partial<CheckTls> | undefined): HttpChecker => {
    const check = { ...(parseHealthCheck({ path: '/' }) as HttpCheck), tls: tls && { ...BARE, ...tls } };
    const checker = new HttpChecker({ host: '127.0.0.1', port, tls: true }, check);
    onTestFinished(() => checker.reset());
    return checker;
  };
  return { names, checkerOf, connections: () => connections };
}

const check = (checker: HttpChecker): Promise<string> =>
  new Promise((resolve) => checker.begin((failure) => resolve(failure ?? 'fine')));

describe('an HTTP check over TLS', () => {
  it('verifies by the authority that it was given, and keeps its connection', async () => {
    const { checkerOf, connections, names } = await serve('shop.test');
    const checker = checkerOf({ ca: ca.certificatePem, serverName: 'shop.test' });
    for (let i = 0; i < 3; i++) expect(await check(checker)).toBe('fine');
    expect([connections(), names]).toEqual([1, ['shop.test']]);
  });

  it.each([
    ['nobody vouches for it', undefined, /self-signed|unable to (?:get|verify)/],
    ['it is for another name', { serverName: 'pay.test' }, /does not match|altnames/],
  ])('finds an endpoint ill whose certificate is no good: %s', async (_why, tls, reason) => {
    const { checkerOf } = await serve('shop.test');
    const given = tls && { ...tls, ca: ca.certificatePem };
    expect(await check(checkerOf(given))).toMatch(reason);
  });

  it('takes any certificate where that is said', async () => {
    const { checkerOf } = await serve('shop.test');
    expect(await check(checkerOf({ insecure: true }))).toBe('fine');
  });

  it('shows a certificate of its own where the endpoint wants one', async () => {
    const { checkerOf } = await serve('shop.test', true);
    const client = ca.certify('checker.test');
    const known = { ca: ca.certificatePem, serverName: 'shop.test' };
    expect(await check(checkerOf({ ...known, client }))).toBe('fine');
    expect(await check(checkerOf(known))).toBe('status 403');
  });
});
