import { generateKeyPairSync, type KeyObject, type X509Certificate } from 'node:crypto';
import { AsnConvert } from '@peculiar/asn1-schema';
import {
  BasicConstraints,
  Certificate,
  id_ce_basicConstraints,
  id_ce_keyUsage,
  id_ce_subjectKeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  type Name,
  SubjectKeyIdentifier,
} from '@peculiar/asn1-x509';
import { randomHex } from '../../runtime/chance.ts';
import { COMMON_NAME, extensionOf, keyIdentifierOf, nameOf, signCertificate } from './certificate.ts';

/** A certificate authority, ready to sign. */
export interface Authority {
  readonly certificatePem: string;
  readonly key: KeyObject;
  readonly name: Name;
  /** What certificates name its key by; undefined when its own certificate does not say. */
  readonly keyIdentifier: SubjectKeyIdentifier | undefined;
  readonly endMs: number;
}

export const DAY_MS = 86_400_000;
/** Certificates hold from a day ago, for clients whose clocks are behind. */
export const BACKDATING_MS = DAY_MS;
/** Ten years: every renewal has to be told to every client. */
const LIFETIME_MS = 3_652 * DAY_MS;

/** A new authority, as PEM; its name is unlike any other's, and does not tell the machine's. */
export function createAuthority(nowMs: number): { readonly certificatePem: string; readonly keyPem: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = nameOf(COMMON_NAME, `faultline local CA ${randomHex(8)}`);
  const startMs = nowMs - BACKDATING_MS;
  const extensions = [
    extensionOf(id_ce_basicConstraints, new BasicConstraints({ cA: true, pathLenConstraint: 0 }), { critical: true }),
    extensionOf(id_ce_keyUsage, new KeyUsage(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign), { critical: true }),
    extensionOf(id_ce_subjectKeyIdentifier, new SubjectKeyIdentifier(keyIdentifierOf(publicKey)), { critical: false }),
  ];
  const content = { issuer: name, subject: name, publicKey, startMs, endMs: startMs + LIFETIME_MS, extensions };
  return {
    certificatePem: signCertificate(content, privateKey).toString(),
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }),
  };
}

/** What is needed to sign with this certificate and the key that belongs to it. */
export function authorityOf(certificate: X509Certificate, key: KeyObject): Authority {
  const { subject, extensions } = AsnConvert.parse(certificate.raw, Certificate).tbsCertificate;
  const identifier = extensions?.find(({ extnID }) => extnID === id_ce_subjectKeyIdentifier);
  return {
    certificatePem: certificate.toString(),
    key,
    name: subject,
    keyIdentifier: identifier && AsnConvert.parse(identifier.extnValue, SubjectKeyIdentifier),
    endMs: certificate.validToDate.getTime(),
  };
}
