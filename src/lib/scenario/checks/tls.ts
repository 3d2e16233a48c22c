import type { X509Certificate } from 'node:crypto';
import type { Json } from '../../events/json.ts';
import { parseEndpoint, schemeOf } from '../file/addresses.ts';
import { formatHostPort } from '../../wire/host-port.ts';
import type { Path } from '../mistakes/mistake.ts';
import type { Checking } from './checking.ts';
import { allEndpoints, endpointsIn } from './endpoints.ts';
import { parseCertificate, parseKey } from './pem.ts';
import { isMap, memberOf, type Placed } from './raw.ts';

/** The `tls` of a service: parts that mean nothing beside each other, endpoints that are not alike, files that are not what they should be. */
export function checkTls(checking: Checking, service: Json, name: string): void {
  const tls = memberOf(service, 'tls');
  const path = ['services', name, 'tls'];
  const protocol = memberOf(service, 'protocol');
  const endpoints = allEndpoints(service, name);
  if (protocol === 'tcp' || protocol === 'udp') {
    const why = protocol === 'tcp' ? 'bytes go through as they come' : 'datagrams have no TLS';
    if (tls !== undefined)
      checking.report(path, `"tls" means nothing with "protocol: ${protocol}": ${why}`, { at: 'key' });
    return;
  }
  checkAlike(checking, name, endpoints);
  if (!isMap(tls)) return;
  checkMeaning(
    checking,
    name,
    tls,
    endpoints.some(({ value }) => schemeOf(value) === 'https'),
  );
  const upstream = memberOf(tls, 'upstream');
  checkKeyFiles(checking, memberOf(tls, 'certificate'), [...path, 'certificate']);
  checkKeyFiles(checking, memberOf(upstream, 'certificate'), [...path, 'upstream', 'certificate']);
  checkCertificate(checking, memberOf(upstream, 'ca'), [...path, 'upstream', 'ca']);
}

/** Which protocol a client may agree on depends on the endpoint, and that is chosen later. */
function checkAlike({ report, lineOf }: Checking, name: string, endpoints: readonly Placed<string>[]): void {
  const known = endpoints.filter(({ value }) => parseEndpoint(value) !== undefined);
  const [first] = known;
  const other = known.find(({ value }) => isTls(value) !== (first !== undefined && isTls(first.value)));
  if (first === undefined || other === undefined) return;
  const which = isTls(other.value) ? 'speaks TLS, and' : 'speaks no TLS, but';
  const where = `the one of line ${lineOf(first.path)} ${isTls(other.value) ? 'does not' : 'does'}`;
  report(
    other.path,
    `this endpoint ${which} ${where}: all endpoints of ${name} must be alike, with https:// or without`,
  );
}

function isTls(endpoint: string): boolean {
  return schemeOf(endpoint) === 'https';
}

function checkMeaning({ report }: Checking, name: string, tls: Json, hasTlsEndpoint: boolean): void {
  const path = ['services', name, 'tls'];
  const upstream = memberOf(tls, 'upstream');
  const endsTls = memberOf(tls, 'certificate') !== undefined;
  if (memberOf(tls, 'alpn') !== undefined && !endsTls) {
    report([...path, 'alpn'], '"alpn" needs a "certificate": only where TLS ends a protocol is agreed on', {
      at: 'key',
    });
  }
  if (upstream !== undefined && !hasTlsEndpoint) {
    const why = `"upstream" is about https:// endpoints, and ${name} has none`;
    report([...path, 'upstream'], why, { at: 'key' });
  }
  if (memberOf(upstream, 'insecure') === true && memberOf(upstream, 'ca') !== undefined) {
    report([...path, 'upstream', 'ca'], '"ca" means nothing with "insecure: true", which takes any certificate', {
      at: 'key',
    });
  }
  const names = memberOf(tls, 'serverNames');
  for (const [key, value] of isMap(names) && !endsTls ? Object.entries(names) : []) {
    for (const { value: endpoint, path: place } of endpointsIn(value, [...path, 'serverNames', key])) {
      const address = schemeOf(endpoint) === 'http' ? parseEndpoint(endpoint) : undefined;
      if (address) report(place, `TLS goes through to this endpoint as it comes: write ${formatHostPort(address)}`);
    }
  }
}

/** A certificate and its key: each a PEM file, and the one made for the other. */
function checkKeyFiles(checking: Checking, value: Json | undefined, path: Path): void {
  const certificate = checkCertificate(checking, memberOf(value, 'cert'), [...path, 'cert']);
  const keyPath = [...path, 'key'];
  const pem = readPem(checking, memberOf(value, 'key'), keyPath);
  if (pem === undefined) return;
  const key = parseKey(pem.text);
  if (typeof key === 'string') checking.report(keyPath, `${pem.file} ${key}`);
  else if (certificate?.checkPrivateKey(key) === false)
    checking.report(keyPath, `${pem.file} is not the key of the certificate in "cert"`);
}

function checkCertificate(checking: Checking, value: Json | undefined, path: Path): X509Certificate | undefined {
  const pem = readPem(checking, value, path);
  if (pem === undefined) return undefined;
  const certificate = parseCertificate(pem.text);
  if (typeof certificate !== 'string') return certificate;
  checking.report(path, `${pem.file} ${certificate}`);
  return undefined;
}

/** Undefined when there is nothing to read, or it cannot be read. */
function readPem(
  { files, report }: Checking,
  value: Json | undefined,
  path: Path,
): { readonly file: string; readonly text: string } | undefined {
  const file = typeof value === 'string' && value !== '' ? files.look(value) : undefined;
  if (file?.state === 'unreadable') report(path, `cannot read ${file.path}: ${file.why}`);
  return file?.state === 'read' ? { file: file.path, text: file.bytes.toString() } : undefined;
}
