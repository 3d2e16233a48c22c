import { spawn } from 'node:child_process';
import { createHash, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { connect, createServer } from 'node:tls';
import { BasicConstraints, id_ce_basicConstraints } from '@peculiar/asn1-x509';
import { describe, expect, it, onTestFinished } from 'vitest';
import { AppError } from '../../../src/lib/errors/app-error.ts';
import { type LocalCa, MAX_LEAVES, openLocalCa } from '../../../src/lib/proxy/local-ca.ts';
import type { CertifiedKey } from '../../../src/lib/proxy/tls-options.ts';
import { COMMON_NAME, extensionOf, nameOf, signCertificate } from '../../../src/lib/proxy/tls/certificate.ts';
import { realClock } from '../../../src/lib/runtime/clock.ts';
import { FakeClock } from '../../../src/lib/runtime/fake-clock.ts';
import { temporaryDirectory } from '../../support/temp.ts';

const DAY_MS = 86_400_000;
const EPOCH_MS = 1_700_000_000_000;

const freshDirectory = (): string => join(temporaryDirectory(), 'ca');
const openFresh = (): LocalCa => openLocalCa(freshDirectory(), realClock);
const leafOf = (certified: CertifiedKey): X509Certificate => new X509Certificate(certified.cert);
const pemBlocks = (pem: string): number => pem.split('-----BEGIN').length - 1;

/** A server that shows this certificate; how a client that trusts `ca` finds it when it asks for a name. */
async function shakeHands({ cert, key }: CertifiedKey, ca: string, servername?: string): Promise<string> {
  const server = createServer({ cert, key }, (socket) => void socket.end()).listen(0, '127.0.0.1');
  server.on('tlsClientError', () => undefined);
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = connect({ host: '127.0.0.1', port, ca, ...(servername === undefined ? {} : { servername }) });
  onTestFinished(() => void client.destroy());
  try {
    await once(client, 'secureConnect');
    return 'trusted';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

/** The AppError that something throws; fails when it throws none. */
function refusalOf(action: () => unknown): AppError {
  try {
    action();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('a certificate of the local authority', () => {
  it.each([
    ['shop.test', 'shop.test', 'trusted'],
    ['SHOP.test', 'shop.test', 'trusted'],
    ['shop.test', 'other.test', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['shop.test', 'a.shop.test', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['*.shop.test', 'a.shop.test', 'trusted'],
    ['*.shop.test', 'shop.test', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['*.shop.test', 'a.b.shop.test', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['127.0.0.1', undefined, 'trusted'],
    ['127.0.0.2', undefined, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['shop.test', undefined, 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ])('for %s, to a client that asks for %s, is: %s', async (certified, asked, outcome) => {
    const ca = openFresh();
    expect(await shakeHands(ca.certify(certified), ca.certificatePem, asked)).toBe(outcome);
  });

  it('is not trusted by those who trust another', async () => {
    const outcome = await shakeHands(openFresh().certify('shop.test'), openFresh().certificatePem, 'shop.test');
    expect(outcome).toBe('SELF_SIGNED_CERT_IN_CHAIN');
  });

  it('comes with the certificate of the authority, and with a key of its own', () => {
    const ca = openFresh();
    const [one, other] = [ca.certify('one.test'), ca.certify('other.test')];
    expect(pemBlocks(one.cert)).toBe(2);
    expect(one.cert.endsWith(ca.certificatePem)).toBe(true);
    expect(one.key).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    expect(one.key).not.toBe(other.key);
  });

  it.each([
    ['shop.test', 'DNS:shop.test'],
    ['*.shop.test', 'DNS:*.shop.test'],
    ['127.0.0.1', 'IP Address:127.0.0.1'],
    ['fe80::1', 'IP Address:FE80:0:0:0:0:0:0:1'],
    ['::ffff:1.2.3.4', 'IP Address:0:0:0:0:0:FFFF:102:304'],
  ])('for %s holds the alternative name %s', (name, subjectAltName) => {
    expect(leafOf(openFresh().certify(name)).subjectAltName).toBe(subjectAltName);
  });

  it('is for servers, and is no authority', () => {
    const ca = openFresh();
    const authority = new X509Certificate(ca.certificatePem);
    const leaf = leafOf(ca.certify('shop.test'));
    expect(leaf.ca).toBe(false);
    expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(leaf.checkIssued(authority)).toBe(true);
    expect(leaf.verify(authority.publicKey)).toBe(true);
    expect(leaf.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
    // keyUsage, critical: digitalSignature.
    expect(leaf.raw.toString('hex')).toContain('0603551d0f0101ff040403020780');
    // authorityKeyIdentifier.
    expect(leaf.raw.toString('hex')).toContain(`0603551d23041830168014${keyHash(authority)}`);
  });

  it('has a serial number that is positive, of 128 bits and nobody else’s', () => {
    const ca = openFresh();
    const serials = Array.from({ length: 64 }, (_, i) => leafOf(ca.certify(`${i}.test`)).serialNumber);
    expect(new Set(serials).size).toBe(64);
    for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9A-F]{31}$/);
  });

  it('is refused for what is no host name, in a message that a terminal can show', () => {
    const refusal = refusalOf(() => openFresh().certify('a b\u001b[2J'));
    expect(refusal.exitName).toBe('usage');
    expect(refusal.message).toBe('there is no certificate for "a b\\u001b[2J": it is no host name');
    expect(refusal.hint).toContain('shop.test');
  });
});

describe('certificates over time', () => {
  it('hold from a day ago for 397 days', () => {
    const leaf = leafOf(openLocalCa(freshDirectory(), new FakeClock(0, EPOCH_MS)).certify('shop.test'));
    expect(leaf.validFromDate).toEqual(new Date(EPOCH_MS - DAY_MS));
    expect(leaf.validToDate).toEqual(new Date(EPOCH_MS + 396 * DAY_MS));
  });

  it('are the same for the same name until a day before they end', async () => {
    const clock = new FakeClock(0, EPOCH_MS);
    const ca = openLocalCa(freshDirectory(), clock);
    const { cert } = ca.certify('shop.test');
    await clock.advance(395 * DAY_MS - 1);
    expect(ca.certify('SHOP.test').cert).toBe(cert);
    await clock.advance(1);
    const renewed = ca.certify('shop.test');
    expect(renewed.cert).not.toBe(cert);
    expect(leafOf(renewed).validToDate).toEqual(new Date(EPOCH_MS + (395 + 396) * DAY_MS));
  });

  it('never outlive their authority, and end with it', async () => {
    const directory = freshDirectory();
    const { certificatePem, certificateFile } = openLocalCa(directory, new FakeClock(0, EPOCH_MS));
    const { validFromDate, validToDate } = new X509Certificate(certificatePem);
    expect(validFromDate).toEqual(new Date(EPOCH_MS - DAY_MS));
    expect(validToDate.getTime() - validFromDate.getTime()).toBe(3_652 * DAY_MS);

    const clock = new FakeClock(0, validToDate.getTime() - 30 * DAY_MS);
    const ca = openLocalCa(directory, clock);
    const leaf = ca.certify('shop.test');
    expect(leafOf(leaf).validToDate).toEqual(validToDate);
    await clock.advance(30 * DAY_MS - 1);
    expect(ca.certify('shop.test')).toBe(leaf);

    await clock.advance(1);
    for (const late of [() => ca.certify('shop.test'), () => openLocalCa(directory, clock)]) {
      const refusal = refusalOf(late);
      expect(refusal.exitName).toBe('usage');
      expect(refusal.message).toBe(`${certificateFile} has expired, on ${validToDate.toISOString()}`);
    }
    expect(readFileSync(certificateFile, 'utf8')).toBe(certificatePem);
  });

  it('write dates from 2050 on in the longer form', () => {
    const ca = openLocalCa(freshDirectory(), new FakeClock(0, Date.UTC(2049, 11, 31)));
    const leaf = leafOf(ca.certify('shop.test'));
    // UTCTime 491230000000Z, GeneralizedTime 20510131000000Z (RFC 5280, section 4.1.2.5).
    const validity = Buffer.from('\x17\x0d491230000000Z\x18\x0f20510131000000Z', 'latin1');
    expect(leaf.raw.includes(validity)).toBe(true);
  });

  it('are kept for a bounded number of names, those used last', () => {
    const ca = openFresh();
    const [used, idle] = [ca.certify('used.test'), ca.certify('idle.test')];
    for (let i = 0; i < MAX_LEAVES - 1; i++) {
      ca.certify(`${i}.test`);
      if (i === 0) ca.certify('used.test');
    }
    expect(ca.certify('used.test')).toBe(used);
    expect(ca.certify('idle.test')).not.toBe(idle);
  });
});

describe('the local authority', () => {
  it('is made once, for its owner only, and found again', async () => {
    const directory = join(freshDirectory(), 'below');
    const made = openLocalCa(directory, realClock);
    const found = openLocalCa(`${directory}/`, realClock);
    expect(made.certificateFile).toBe(join(directory, 'ca.pem'));
    expect(found.certificateFile).toBe(made.certificateFile);
    expect(found.certificatePem).toBe(made.certificatePem);
    expect(readFileSync(made.certificateFile, 'utf8')).toBe(made.certificatePem);
    expect(await shakeHands(found.certify('shop.test'), made.certificatePem, 'shop.test')).toBe('trusted');
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(statSync(join(directory, 'ca.key')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(directory, 'ca.key'), 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    expect(readdirSync(dirname(directory))).toEqual(['below']);
  });

  it('takes an empty directory that is there', () => {
    const directory = freshDirectory();
    mkdirSync(directory, 0o755);
    openLocalCa(directory, realClock);
    expect(readdirSync(directory).sort()).toEqual(['ca.key', 'ca.pem']);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
  });

  it('says what it is', () => {
    const authority = new X509Certificate(openFresh().certificatePem);
    const der = authority.raw.toString('hex');
    expect(authority.ca).toBe(true);
    expect(authority.subject).toMatch(/^CN=faultline local CA [0-9a-f]{16}$/);
    expect(authority.verify(authority.publicKey)).toBe(true);
    expect(authority.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
    // basicConstraints, critical: CA, path length 0.
    expect(der).toContain('0603551d130101ff040830060101ff020100');
    // keyUsage, critical: keyCertSign, cRLSign.
    expect(der).toContain('0603551d0f0101ff040403020106');
    // subjectKeyIdentifier.
    expect(der).toContain(`0603551d0e04160414${keyHash(authority)}`);
  });

  it('is one and the same for processes that make it at once', async () => {
    const parent = temporaryDirectory();
    const names = Array.from({ length: 20 }, (_, i) => `ca-${i}`).sort();
    const directories = names.map((name) => join(parent, name));
    const children = Array.from({ length: 3 }, () =>
      spawn(process.execPath, [join(import.meta.dirname, 'open-ca.ts'), ...directories], {
        stdio: ['pipe', 'pipe', 'inherit'],
      }),
    );
    onTestFinished(() => void children.map((child) => child.kill('SIGKILL')));
    await Promise.all(children.map((child) => once(child.stdout, 'readable')));
    for (const child of children) child.stdin.end('go');
    const printed = await Promise.all(children.map((child) => text(child.stdout)));
    const kept = directories.map((directory) => readFileSync(join(directory, 'ca.pem'), 'utf8'));
    expect(new Set(kept).size).toBe(directories.length);
    for (const one of printed) expect(one).toBe(`ready\n${kept.join('')}`);
    expect(readdirSync(parent).sort()).toEqual(names);
  });
});

describe('files of an authority', () => {
  type Damage = readonly [what: string, damage: (directory: string) => void, file: string, says: string];

  it.each<Damage>([
    ['a certificate that is garbage', overwrite('ca.pem', 'garbage'), 'ca.pem', 'is damaged'],
    ['a key that is garbage', overwrite('ca.key', 'garbage'), 'ca.key', 'is damaged'],
    ['an empty certificate', overwrite('ca.pem', ''), 'ca.pem', 'is damaged'],
    ['an empty key', overwrite('ca.key', ''), 'ca.key', 'is damaged'],
    ['no certificate', (directory) => rmSync(join(directory, 'ca.pem')), 'ca.pem', 'is missing'],
    ['no key', (directory) => rmSync(join(directory, 'ca.key')), 'ca.key', 'is missing'],
    ['a directory for a certificate', becomeDirectory('ca.pem'), 'ca.pem', 'cannot be read'],
    ['a directory for a key', becomeDirectory('ca.key'), 'ca.key', 'cannot be read'],
    ['the key of another', takeOther('ca.key'), 'ca.key', 'is not the key of'],
    ['the certificate of another', takeOther('ca.pem'), 'ca.pem', 'is not the key of'],
    ['a certificate that is no authority', takeLeaf, 'ca.pem', 'is not the certificate of an authority'],
    ['a key that is not elliptic', takeRsa, 'ca.key', 'is not an elliptic key'],
  ])('%s: are refused by name, and left as they are', (_what, damage, file, says) => {
    const directory = freshDirectory();
    openLocalCa(directory, realClock);
    damage(directory);
    const before = contentsOf(directory);
    const refusal = refusalOf(() => openLocalCa(directory, realClock));
    expect(refusal.exitName).toBe('usage');
    expect(refusal.message).toContain(join(directory, file));
    expect(refusal.message).toContain(says);
    expect(refusal.hint).toContain(`remove that directory`);
    expect(refusal.hint).toContain(directory);
    expect(contentsOf(directory)).toEqual(before);
  });

  it.each(['ca.pem', 'ca.key'])('are refused wherever %s is cut', (file) => {
    const directory = freshDirectory();
    openLocalCa(directory, realClock);
    const path = join(directory, file);
    const whole = readFileSync(path, 'utf8').trimEnd();
    for (let length = 0; length < whole.length; length++) {
      writeFileSync(path, whole.slice(0, length));
      expect(refusalOf(() => openLocalCa(directory, realClock)).message).toContain(`${path} is damaged`);
    }
    writeFileSync(path, whole);
    openLocalCa(directory, realClock);
  });

  it('are not put among others', () => {
    const directory = freshDirectory();
    mkdirSync(directory);
    writeFileSync(join(directory, 'other'), '');
    const refusal = refusalOf(() => openLocalCa(directory, realClock));
    expect(refusal.exitName).toBe('usage');
    expect(refusal.message).toContain(`${directory} holds other files`);
    expect(readdirSync(directory)).toEqual(['other']);
    expect(readdirSync(dirname(directory))).toEqual(['ca']);
  });

  it('cannot be where a file is', () => {
    const directory = freshDirectory();
    writeFileSync(directory, '');
    const refusal = refusalOf(() => openLocalCa(directory, realClock));
    expect(refusal.exitName).toBe('usage');
    expect(refusal.message).toContain(`cannot create the certificate authority ${directory}`);
    expect(readdirSync(dirname(directory))).toEqual(['ca']);
  });
});

function overwrite(file: string, content: string): (directory: string) => void {
  return (directory) => writeFileSync(join(directory, file), content);
}

function becomeDirectory(file: string): (directory: string) => void {
  return (directory) => {
    rmSync(join(directory, file));
    mkdirSync(join(directory, file));
  };
}

function takeOther(file: string): (directory: string) => void {
  return (directory) => {
    const other = freshDirectory();
    openLocalCa(other, realClock);
    writeFileSync(join(directory, file), readFileSync(join(other, file)));
  };
}

function takeLeaf(directory: string): void {
  const { cert, key } = openFresh().certify('shop.test');
  writeFileSync(join(directory, 'ca.pem'), cert);
  writeFileSync(join(directory, 'ca.key'), key);
}

/** Its signature does not fit, which nobody looks at before the key. */
function takeRsa(directory: string): void {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const name = nameOf(COMMON_NAME, 'rsa');
  const extensions = [extensionOf(id_ce_basicConstraints, new BasicConstraints({ cA: true }), { critical: true })];
  const content = { issuer: name, subject: name, publicKey, startMs: EPOCH_MS, endMs: EPOCH_MS, extensions };
  writeFileSync(join(directory, 'ca.pem'), signCertificate(content, privateKey).toString());
  writeFileSync(join(directory, 'ca.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
}

function contentsOf(directory: string): Record<string, string> {
  const files = readdirSync(directory).filter((name) => statSync(join(directory, name)).isFile());
  return Object.fromEntries(files.map((name) => [name, readFileSync(join(directory, name), 'utf8')]));
}

/** The SHA-1 of an uncompressed point on P-256, the last 65 bytes of its SubjectPublicKeyInfo. */
function keyHash({ publicKey }: X509Certificate): string {
  const point = publicKey.export({ type: 'spki', format: 'der' }).subarray(-65);
  return createHash('sha1').update(point).digest('hex');
}
