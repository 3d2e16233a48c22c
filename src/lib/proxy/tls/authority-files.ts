import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { dirname, join, resolve } from 'node:path';
import { AppError, messageOf } from '../../errors/app-error.ts';
import { randomHex } from '../../runtime/chance.ts';
import { createExclusively, lookupText, makeDirectory, moveIntoPlace, remove } from '../../runtime/files.ts';
import { type Authority, authorityOf, createAuthority } from './authority.ts';

/** The files of an authority. */
export interface AuthorityFiles {
  readonly directory: string;
  readonly certificateFile: string;
  readonly keyFile: string;
}

export function authorityFiles(directory: string): AuthorityFiles {
  const whole = resolve(directory);
  return { directory: whole, certificateFile: join(whole, 'ca.pem'), keyFile: join(whole, 'ca.key') };
}

/** Loads the authority, or creates it when there is none; it may have expired. Throws AppError `usage` when it cannot be used. */
export function openAuthority(files: AuthorityFiles, nowMs: number): Authority {
  const found = lookupPair(files) ?? createPair(files, nowMs);
  const certificate = parseCertificate(files, found.certificatePem);
  const key = parseKey(files, found.keyPem);
  if (!certificate.ca) throw unusable(files, `${files.certificateFile} is not the certificate of an authority`);
  if (!certificate.checkPrivateKey(key)) {
    throw unusable(files, `${files.keyFile} is not the key of ${files.certificateFile}`);
  }
  if (key.asymmetricKeyType !== 'ec') throw unusable(files, `${files.keyFile} is not an elliptic key (ECDSA)`);
  return authorityOf(certificate, key);
}

/** The error about an authority that has come to its end. */
export function expired(files: AuthorityFiles, { endMs }: Authority): AppError {
  return unusable(files, `${files.certificateFile} has expired, on ${new Date(endMs).toISOString()}`);
}

interface Pair {
  readonly certificatePem: string;
  readonly keyPem: string;
}

/** Both files, or undefined when there is neither. */
function lookupPair(files: AuthorityFiles): Pair | undefined {
  // Both appear at once, perhaps between a look at the one and a look at the other: only the second look can tell that one is missing.
  for (let look = 1; ; look++) {
    const certificatePem = lookupFile(files, files.certificateFile);
    const keyPem = lookupFile(files, files.keyFile);
    if (certificatePem !== undefined && keyPem !== undefined) return { certificatePem, keyPem };
    if (certificatePem === undefined && keyPem === undefined) return undefined;
    if (look === 2) throw unusable(files, `${keyPem === undefined ? files.keyFile : files.certificateFile} is missing`);
  }
}

function lookupFile(files: AuthorityFiles, file: string): string | undefined {
  try {
    return lookupText(file);
  } catch (error) {
    throw unusable(files, `${file} cannot be read: ${messageOf(error)}`, error);
  }
}

/**
 * Makes a new authority, unless another process does so at the same time: then the other's is taken. Both files come into place at once,
 * with their directory:
 *
 *     ca.3f09….tmp/            ca.key, ca.pem: written without haste
 *          └── rename ──▶ ca/  by one process only: it fails where a directory holds something already
 */
function createPair(files: AuthorityFiles, nowMs: number): Pair {
  const draft = authorityFiles(`${files.directory}.${randomHex(8)}.tmp`);
  const { certificatePem, keyPem } = createAuthority(nowMs);
  try {
    makeDirectory(dirname(draft.directory));
    makeDirectory(draft.directory, 0o700);
    createExclusively(draft.keyFile, keyPem, 0o600);
    createExclusively(draft.certificateFile, certificatePem);
    moveIntoPlace(draft.directory, files.directory);
  } catch (error) {
    throw new AppError('usage', `cannot create the certificate authority ${files.directory}: ${messageOf(error)}`, {
      hint: `The directory is put in place as a whole: ${dirname(files.directory)} must be writable.`,
      cause: error,
    });
  } finally {
    remove(draft.directory);
  }
  const pair = lookupPair(files);
  if (pair === undefined) {
    throw new AppError('usage', `${files.directory} holds other files, and no certificate authority`, {
      hint: 'Name a directory that is empty or does not exist yet.',
    });
  }
  return pair;
}

function parseCertificate(files: AuthorityFiles, pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw unusable(files, `${files.certificateFile} is damaged: it holds no certificate in PEM`, error);
  }
}

function parseKey(files: AuthorityFiles, pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    throw unusable(files, `${files.keyFile} is damaged: it holds no private key in PEM`, error);
  }
}

/** A new authority is never made by itself: those who trust the old one would have to be told. */
function unusable({ directory }: AuthorityFiles, message: string, cause?: unknown): AppError {
  const hint = `Put back what was in ${directory}; or remove that directory: then a new authority is made, which clients have to be told to trust.`;
  return new AppError('usage', message, { hint, cause });
}
