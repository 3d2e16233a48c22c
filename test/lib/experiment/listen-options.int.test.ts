import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createListenOptions, type FrontedService } from '../../../src/lib/experiment/listen-options.ts';
import { temporaryDirectory } from '../../support/temp.ts';

const SERVICE: FrontedService = {
  name: 'shop',
  protocol: 'auto',
  endpoints: [{ host: '127.0.0.1', port: 1 }],
  listen: { host: '127.0.0.1', port: 2 },
  tls: undefined,
  more: {},
};
const NO_TLS = { certificate: undefined, alpn: undefined, serverNames: [], upstream: undefined };

const never = (): never => {
  throw new Error('the authority was opened');
};

/** An authority that certifies every name by itself. */
const ca = () => ({
  certificatePem: '',
  certificateFile: '',
  certify: (name: string) => ({ cert: `cert of ${name}`, key: `key of ${name}` }),
});

function files(...names: readonly string[]): Record<string, string> {
  const directory = temporaryDirectory();
  return Object.fromEntries(
    names.map((name) => {
      const path = join(directory, name);
      writeFileSync(path, `text of ${name}`);
      return [name, path];
    }),
  );
}

describe('what the proxy takes for a service', () => {
  it('is little without TLS', () => {
    expect(createListenOptions(SERVICE, never)).toEqual({
      service: 'shop',
      protocol: 'auto',
      listen: SERVICE.listen,
      upstreams: SERVICE.endpoints,
      tls: undefined,
      tlsUpstream: undefined,
    });
  });

  it('passes TLS through, by the names that clients ask for, without an authority', () => {
    const serverNames = [{ serverName: '*.eu.test', endpoints: [{ host: 'b', port: 3 }] }];
    const { tls } = createListenOptions({ ...SERVICE, tls: { ...NO_TLS, serverNames } }, never);
    expect(tls).toEqual({
      certify: undefined,
      alpn: undefined,
      routes: [{ serverName: '*.eu.test', upstreams: [{ host: 'b', port: 3 }] }],
    });
  });

  it('shows one certificate to all, read from its files', () => {
    const { cert = '', key = '' } = files('cert', 'key');
    const { tls } = createListenOptions(
      { ...SERVICE, tls: { ...NO_TLS, certificate: { cert, key }, alpn: ['h2'] } },
      never,
    );
    expect(tls?.certify?.('any.test')).toEqual({ cert: 'text of cert', key: 'text of key' });
    expect(tls?.certify?.(undefined)).toEqual({ cert: 'text of cert', key: 'text of key' });
    expect(tls?.alpn).toEqual(['h2']);
  });

  it.each([
    ['127.0.0.1', 'shop.test', 'shop.test'],
    ['127.0.0.1', undefined, '127.0.0.1'],
    ['0.0.0.0', undefined, 'localhost'],
    ['::', undefined, 'localhost'],
  ])('has our authority, listening on %s, certify %s as %s', (host, asked, certified) => {
    const service = { ...SERVICE, listen: { host, port: 2 }, tls: { ...NO_TLS, certificate: 'local-ca' as const } };
    expect(createListenOptions(service, ca).tls?.certify?.(asked).cert).toBe(`cert of ${certified}`);
  });

  it('speaks TLS to the service as it is told', () => {
    const paths = files('ca', 'cert', 'key');
    const certificate = { cert: paths.cert ?? '', key: paths.key ?? '' };
    const upstream = { serverName: 'pay.test', ca: paths.ca, certificate, insecure: false };
    expect(createListenOptions({ ...SERVICE, tls: { ...NO_TLS, upstream } }, never).tlsUpstream).toEqual({
      serverName: 'pay.test',
      ca: 'text of ca',
      client: { cert: 'text of cert', key: 'text of key' },
      insecure: false,
    });
  });

  it('says which file has gone since', () => {
    const { cert = '', key = '' } = files('cert', 'key');
    rmSync(key);
    const options = () => createListenOptions({ ...SERVICE, tls: { ...NO_TLS, certificate: { cert, key } } }, never);
    expect(options).toThrow(`cannot read ${key}: ENOENT`);
  });
});
