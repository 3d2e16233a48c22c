import { X509Certificate } from 'node:crypto';
import { resolve } from 'node:path';
import { AppError, messageOf } from '../errors/app-error.ts';
import { formatTable } from '../report/table.ts';
import { createExclusively, lookupText } from '../runtime/files.ts';
import { OwnCa } from './own-ca.ts';

/** Our own certificate authority, as far as others may know it. */
export interface CaReport {
  readonly certificateFile: string;
  readonly subject: string;
  /** SHA-256, in pairs of hexadecimal digits. */
  readonly fingerprint: string;
  readonly notBefore: string;
  readonly notAfter: string;
  readonly certificatePem: string;
  /** Where a copy of the certificate has been written; null: nowhere. */
  readonly exported: string | null;
}

/** Creates the authority when it is not there. Throws AppError `usage` when it cannot be had, or the file holds something else already. */
export async function showCa(exportTo: string | undefined): Promise<CaReport> {
  const own = new OwnCa();
  await own.load();
  const { certificatePem, certificateFile } = own.open();
  const { subject, fingerprint256, validFromDate, validToDate } = new X509Certificate(certificatePem);
  if (exportTo !== undefined) writeCopy(exportTo, certificatePem);
  return {
    certificateFile,
    subject: subject.replaceAll('\n', ', '),
    fingerprint: fingerprint256,
    notBefore: validFromDate.toISOString(),
    notAfter: validToDate.toISOString(),
    certificatePem,
    exported: exportTo === undefined ? null : resolve(exportTo),
  };
}

/** The authority for a person, and what to do so that a client trusts it. */
export function formatCa({ certificateFile, subject, fingerprint, notBefore, notAfter, exported }: CaReport): string {
  const file = exported ?? certificateFile;
  const facts = [
    ['certificate', certificateFile],
    ...(exported === null ? [] : [['copied to', exported]]),
    ['subject', subject],
    ['SHA-256', fingerprint],
    ['valid', `${notBefore.slice(0, 10)} … ${notAfter.slice(0, 10)}`],
  ];
  const clients = [
    ['curl', `curl --cacert ${file} https://…`],
    ['Node.js', `NODE_EXTRA_CA_CERTS=${file} node …`],
    ['OpenSSL, Go', `SSL_CERT_FILE=${file} …`],
    ['Python requests', `REQUESTS_CA_BUNDLE=${file} python …`],
    ['Debian, Ubuntu', `cp ${file} /usr/local/share/ca-certificates/faultline.crt && update-ca-certificates`],
    ['Fedora, RHEL', `trust anchor ${file}`],
  ];
  return [
    ...formatTable(facts, 'll'),
    '',
    'HOW A CLIENT COMES TO TRUST IT',
    ...formatTable(clients, 'll').map((line) => `  ${line}`),
    '',
    'Whoever trusts it trusts whatever is signed with its key, which lies beside it: trust it where things are tested, not where they are used.',
  ].join('\n');
}

/** Harmless when the copy is there already. */
function writeCopy(file: string, pem: string): void {
  try {
    if (createExclusively(file, pem) || lookupText(file) === pem) return;
  } catch (error) {
    throw new AppError('usage', `cannot write ${file}: ${messageOf(error)}`, { cause: error });
  }
  throw new AppError('usage', `${file} is there already, and holds something else`, { hint: 'choose another file' });
}
