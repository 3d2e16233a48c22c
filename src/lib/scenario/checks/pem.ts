import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;
const ENCRYPTED_KEY = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m;

/** The first certificate of a PEM file, which is the server's own; or what is wrong with the file. */
export function parseCertificate(pem: string): X509Certificate | string {
  try {
    const [first] = (pem.match(CERTIFICATE) ?? []).map((block) => new X509Certificate(block));
    return first ?? 'holds no certificate: expected PEM, with -----BEGIN CERTIFICATE-----';
  } catch {
    return 'holds a certificate that is damaged';
  }
}

/** The private key of a PEM file; or what is wrong with the file. */
export function parseKey(pem: string): KeyObject | string {
  if (ENCRYPTED_KEY.test(pem)) return 'holds a key with a passphrase: give one without';
  try {
    return createPrivateKey(pem);
  } catch {
    return 'holds no private key: expected PEM, with -----BEGIN PRIVATE KEY-----';
  }
}
