import { createHash, type KeyObject, sign, X509Certificate } from 'node:crypto';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  Certificate,
  Extension,
  Extensions,
  Name,
  RelativeDistinguishedName,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509';
import { randomBytes } from '../../runtime/chance.ts';

/** What a certificate says. Its end is `endMs`, to the second. */
export interface CertificateContent {
  readonly issuer: Name;
  readonly subject: Name;
  readonly publicKey: KeyObject;
  readonly startMs: number;
  readonly endMs: number;
  readonly extensions: readonly Extension[];
}

/** Attribute types of names (X.520). */
export const COMMON_NAME = '2.5.4.3';
export const ORGANIZATION = '2.5.4.10';

/** RFC 5758, section 3.2; its parameters are absent. */
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';
const SERIAL_BYTES = 16;

/** A certificate in version 3 (RFC 5280, section 4.1), signed with an elliptic key. */
export function signCertificate(content: CertificateContent, signingKey: KeyObject): X509Certificate {
  const algorithm = new AlgorithmIdentifier({ algorithm: ECDSA_WITH_SHA256 });
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber: randomSerial(),
    signature: algorithm,
    issuer: content.issuer,
    validity: new Validity({ notBefore: new Date(content.startMs), notAfter: new Date(content.endMs) }),
    subject: content.subject,
    subjectPublicKeyInfo: publicKeyInfo(content.publicKey),
    extensions: new Extensions([...content.extensions]),
  });
  const signature = sign('sha256', new Uint8Array(AsnConvert.serialize(tbsCertificate)), signingKey);
  const certificate = new Certificate({
    tbsCertificate,
    signatureAlgorithm: algorithm,
    signatureValue: Uint8Array.from(signature).buffer,
  });
  return new X509Certificate(new Uint8Array(AsnConvert.serialize(certificate)));
}

/** A name of one attribute. */
export function nameOf(type: string, text: string): Name {
  const attribute = new AttributeTypeAndValue({ type, value: new AttributeValue({ utf8String: text }) });
  return new Name([new RelativeDistinguishedName([attribute])]);
}

export function extensionOf(extnID: string, value: unknown, options: { readonly critical: boolean }): Extension {
  return new Extension({ extnID, critical: options.critical, extnValue: new OctetString(AsnConvert.serialize(value)) });
}

/** What keys are known by in certificates: a hash of their bits (RFC 5280, section 4.2.1.2, method 1). */
export function keyIdentifierOf(publicKey: KeyObject): Buffer {
  const { subjectPublicKey } = publicKeyInfo(publicKey);
  return createHash('sha1').update(new Uint8Array(subjectPublicKey)).digest();
}

function publicKeyInfo(publicKey: KeyObject): SubjectPublicKeyInfo {
  return AsnConvert.parse(publicKey.export({ type: 'spki', format: 'der' }), SubjectPublicKeyInfo);
}

/** The two highest bits are set so that it is positive, and as long as it looks: 126 bits of chance (RFC 5280, section 4.1.2.2). */
function randomSerial(): ArrayBuffer {
  const serial = Uint8Array.from(randomBytes(SERIAL_BYTES));
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return serial.buffer;
}
