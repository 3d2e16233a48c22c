import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openLocalCa } from '../../../src/lib/proxy/local-ca.ts';
import { realClock } from '../../../src/lib/runtime/clock.ts';
import { loadProxyFile } from '../../../src/lib/scenario/proxy-file.ts';
import { loadScenario } from '../../../src/lib/scenario/load.ts';
import { temporaryDirectory } from '../../support/temp.ts';
import { kinds, refusalOf, scenarioText, takeMarks } from './support.ts';

/** A folder with certificates in it, and a file that names them. */
function folder() {
  const directory = temporaryDirectory();
  const ca = openLocalCa(join(directory, 'ca'), realClock);
  const write = (name: string, text: string): void => writeFileSync(join(directory, name), text);
  for (const name of ['web', 'other']) {
    const { cert, key } = ca.certify(`${name}.test`);
    write(`${name}.pem`, cert);
    write(`${name}.key`, key);
  }
  return { directory, write, ca };
}

function mistakes(directory: string, marked: string): { found: readonly string[]; places: readonly string[] } {
  const { text, places } = takeMarks(marked);
  writeFileSync(join(directory, 's.yaml'), text);
  try {
    loadScenario(join(directory, 's.yaml'), { kinds, env: {} });
    return { found: [], places };
  } catch (error) {
    const found = refusalOf(error).details.map((line) => line.replaceAll(`${directory}/`, ''));
    return { found, places };
  }
}

const withTls = (tls: string) =>
  scenarioText({ services: `services:\n  payments: { endpoints: "https://a:1", listen: b:2, tls: { ${tls} } }` });

describe('certificates that a scenario names', () => {
  it('are right when both files hold what they should, whatever else is in them', () => {
    const { directory, write, ca } = folder();
    write('bundle.pem', `# root\n${ca.certificatePem}\n# and another\n${ca.certificatePem}`);
    const tls =
      'certificate: { cert: web.pem, key: web.key }, upstream: { ca: bundle.pem, certificate: { cert: other.pem, key: other.key } }';
    expect(mistakes(directory, withTls(tls)).found).toEqual([]);
  });

  it.each([
    [
      'the key of another certificate',
      'certificate: { cert: web.pem, key: ▸other.key }',
      'other.key is not the key of the certificate in "cert"',
    ],
    [
      'a certificate where the key should be',
      'certificate: { cert: web.pem, key: ▸web.pem }',
      'web.pem holds no private key: expected PEM, with -----BEGIN PRIVATE KEY-----',
    ],
    [
      'a key where the certificate should be',
      'certificate: { cert: ▸web.key, key: web.key }',
      'web.key holds no certificate: expected PEM, with -----BEGIN CERTIFICATE-----',
    ],
    [
      'a certificate that is cut',
      'certificate: { cert: ▸cut.pem, key: web.key }',
      'cut.pem holds a certificate that is damaged',
    ],
    [
      'a key with a passphrase',
      'certificate: { cert: web.pem, key: ▸locked.key }',
      'locked.key holds a key with a passphrase: give one without',
    ],
    ['a folder', 'upstream: { ca: ▸ca }', 'cannot read ca: it is a directory'],
    ['a file that is too large', 'upstream: { ca: ▸large }', 'cannot read large: it is too large'],
    ['a device without an end', 'upstream: { ca: ▸/dev/zero }', 'cannot read /dev/zero: it is too large'],
  ])('are refused: %s', (_, tls, line) => {
    const { directory, write, ca } = folder();
    write('cut.pem', ca.certify('web.test').cert.replace(/\n.*\n/, '\n'));
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const locked = privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' });
    write('locked.key', locked);
    write('large', '');
    truncateSync(join(directory, 'large'), 64 * 1024 * 1024);
    const { found, places } = mistakes(directory, withTls(tls));
    expect(found).toEqual([`s.yaml:${places[0]}  ${line}`]);
  });
});

describe('paths in a proxy file', () => {
  it('start at its folder, and their files count for what has changed', () => {
    const { directory, write, ca } = folder();
    mkdirSync(join(directory, 'conf'));
    const file = join(directory, 'conf', 'faultline.yaml');
    const tls = 'tls: { certificate: { cert: ../web.pem, key: ../web.key } }';
    writeFileSync(file, `version: 1\nservices: { a: { listen: "a:1", endpoints: "b:2", ${tls} } }`);
    const load = () => loadProxyFile(file, { kinds, env: {} }).services.a;
    const before = load();
    expect(before?.tls?.certificate).toEqual({ cert: join(directory, 'web.pem'), key: join(directory, 'web.key') });
    expect(load()?.filesDigest).toBe(before?.filesDigest);
    write('web.pem', `${ca.certify('web.test').cert}# renewed\n`);
    expect(load()?.filesDigest).not.toBe(before?.filesDigest);
  });
});
