import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { get as getHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { X509Certificate } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { CaReport } from '../../../src/lib/app/show-ca.ts';
import { run, start } from '../../support/cli.ts';
import { freePorts } from '../../support/ports.ts';
import { temporaryDirectory } from '../../support/temp.ts';
import { until } from '../../support/until.ts';

describe('faultline proxy ca', () => {
  it('makes the authority once, and shows its certificate and how to trust it', async () => {
    const env = { XDG_CONFIG_HOME: temporaryDirectory() };
    const made = JSON.parse((await run('run', ['proxy', 'ca', '--json'], { env })).stdout) as CaReport;
    const { fingerprint256, subject } = new X509Certificate(readFileSync(made.certificateFile));
    expect(made).toMatchObject({ fingerprint: fingerprint256, subject, exported: null });
    expect(made.certificateFile).toBe(join(env.XDG_CONFIG_HOME, 'faultline', 'ca', 'ca.pem'));
    const { code, stdout } = await run('run', ['proxy', 'ca'], { env });
    expect(code).toBe(0);
    for (const text of [
      fingerprint256,
      `curl --cacert ${made.certificateFile}`,
      'NODE_EXTRA_CA_CERTS=',
      made.notAfter.slice(0, 10),
    ])
      expect(stdout).toContain(text);
  });

  it('copies the certificate, as often as one likes, but over nothing else', async () => {
    const directory = temporaryDirectory();
    const options = { env: { XDG_CONFIG_HOME: directory } };
    const copy = join(directory, 'copy.pem');
    for (let count = 0; count < 2; count++) {
      const { code, stdout } = await run('run', ['proxy', 'ca', '--export', copy], options);
      expect(code).toBe(0);
      expect(stdout).toContain(`curl --cacert ${copy}`);
    }
    expect(new X509Certificate(readFileSync(copy)).ca).toBe(true);
    writeFileSync(copy, 'mine');
    const refused = await run('run', ['proxy', 'ca', '--export', copy], options);
    expect([refused.code, readFileSync(copy, 'utf8')]).toEqual([2, 'mine']);
    const nowhere = await run('run', ['proxy', 'ca', '--export', join(directory, 'no', 'x')], options);
    expect([nowhere.code, nowhere.stderr]).toEqual([2, expect.stringContaining('cannot write')]);
  });

  it('is what clients of a proxy with `certificate: local-ca` are to trust', async () => {
    const env = { XDG_CONFIG_HOME: temporaryDirectory() };
    const upstream = createServer((_request, response) => response.end('ok')).listen(0, '127.0.0.1');
    onTestFinished(() => {
      upstream.closeAllConnections();
      upstream.close();
    });
    await once(upstream, 'listening');
    const [port] = (await freePorts(1)) as [number];
    const file = join(env.XDG_CONFIG_HOME, 'faultline.yaml');
    const { port: behind } = upstream.address() as AddressInfo;
    writeFileSync(
      file,
      `version: 1\nservices: { shop: { listen: "127.0.0.1:${port}", endpoints: "http://127.0.0.1:${behind}", tls: { certificate: local-ca } } }\n`,
    );
    const proxy = start('run', ['proxy', 'run', '-c', file], { env });
    await until('the proxy to be ready', () => proxy.stdout().includes('proxy ready'));
    const { certificatePem: ca } = JSON.parse(
      (await run('run', ['proxy', 'ca', '--json'], { env })).stdout,
    ) as CaReport;
    for (const options of [{ servername: 'shop.test' }, {}]) {
      const request = getHttps({ host: '127.0.0.1', port, ca, agent: false, ...options });
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      expect(response.statusCode).toBe(200);
      response.resume();
    }
    await expect(once(getHttps({ host: '127.0.0.1', port, agent: false }), 'response')).rejects.toThrow();
  });
});
