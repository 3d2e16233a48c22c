import { generateKeyPairSync } from 'node:crypto';
import {
  AuthorityKeyIdentifier,
  ExtendedKeyUsage,
  type Extension,
  GeneralName,
  id_ce_authorityKeyIdentifier,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_kp_serverAuth,
  KeyUsage,
  KeyUsageFlags,
  SubjectAlternativeName,
} from '@peculiar/asn1-x509';
import type { CertifiedKey } from '../tls-options.ts';
import { type Authority, BACKDATING_MS, DAY_MS } from './authority.ts';
import { extensionOf, nameOf, ORGANIZATION, signCertificate } from './certificate.ts';
import type { HostName } from './host-name.ts';

/** A certificate for one server, and the moment from which another is to be made in its place. */
export interface Leaf extends CertifiedKey {
  readonly renewAtMs: number;
}

/** Some clients refuse certificates that hold for more than 398 days. */
const LIFETIME_MS = 397 * DAY_MS;
/** Connections that begin shortly before a certificate ends may check it again later. */
const RENEWAL_MARGIN_MS = DAY_MS;

/** The name is an alternative name only, and the subject says nothing that anybody checks (RFC 9525, section 2). */
const SUBJECT = 'faultline local certificate';

/** Makes a key for a server and certifies it, until the authority itself ends at most. */
export function createLeaf(authority: Authority, server: HostName, nowMs: number): Leaf {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const startMs = nowMs - BACKDATING_MS;
  const endMs = Math.min(startMs + LIFETIME_MS, authority.endMs);
  const subject = nameOf(ORGANIZATION, SUBJECT);
  const extensions = leafExtensions(authority, server);
  const content = { issuer: authority.name, subject, publicKey, startMs, endMs, extensions };
  return {
    cert: signCertificate(content, authority.key).toString() + authority.certificatePem,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    // A new one would end with the authority as well.
    renewAtMs: endMs === authority.endMs ? endMs : endMs - RENEWAL_MARGIN_MS,
  };
}

function leafExtensions({ keyIdentifier }: Authority, { name, isAddress }: HostName): Extension[] {
  const names = new SubjectAlternativeName([new GeneralName(isAddress ? { iPAddress: name } : { dNSName: name })]);
  const extensions = [
    extensionOf(id_ce_keyUsage, new KeyUsage(KeyUsageFlags.digitalSignature), { critical: true }),
    extensionOf(id_ce_extKeyUsage, new ExtendedKeyUsage([id_kp_serverAuth]), { critical: false }),
    extensionOf(id_ce_subjectAltName, names, { critical: false }),
  ];
  if (keyIdentifier === undefined) return extensions;
  const issuerKey = new AuthorityKeyIdentifier({ keyIdentifier });
  return [...extensions, extensionOf(id_ce_authorityKeyIdentifier, issuerKey, { critical: false })];
}
