import { isUtf8 } from 'node:buffer';
import { AppError, messageOf } from '../../errors/app-error.ts';
import { isErrno, lookupSize, readBytes } from '../../runtime/files.ts';

/** Far more than any scenario or certificate, far less than would hurt. */
export const MAX_FILE_BYTES = 1024 * 1024;

/** The text of a file that a person wrote. Throws AppError `usage` when it cannot be read, is too large or no UTF-8. */
export function readText(file: string): string {
  const bytes = readLimited(file);
  if (bytes.length > MAX_FILE_BYTES) {
    throw new AppError('usage', `${file} is larger than 1 MiB`, {
      hint: 'name a scenario file, or a file of variables',
    });
  }
  if (!isUtf8(bytes)) throw new AppError('usage', `${file} is not a text in UTF-8`);
  return bytes.toString();
}

/** What a file that another file names may have at most: a million samples of a delay. */
const MAX_NAMED_BYTES = 32 * 1024 * 1024;

/** The bytes of a file that another file names. Throws an Error that says in a few words why it cannot be read. */
export function readNamedFile(file: string): Buffer {
  try {
    const size = lookupSize(file) ?? 0;
    // Files of the kernel tell no size, and are small.
    const bytes = size > MAX_NAMED_BYTES ? undefined : readBytes(file, Math.max(size, MAX_FILE_BYTES) + 1);
    if (bytes !== undefined && bytes.length <= Math.max(size, MAX_FILE_BYTES)) return bytes;
  } catch (error) {
    throw new Error(explain(error), { cause: error });
  }
  throw new Error('it is too large');
}

function readLimited(file: string): Buffer {
  try {
    return readBytes(file, MAX_FILE_BYTES + 1);
  } catch (error) {
    // A pipe, as in `chaos run <(...)`, has no positions to read at.
    if (isErrno(error, 'ESPIPE')) return readBytes(file);
    throw new AppError('usage', `cannot read ${file}: ${explain(error)}`, { cause: error });
  }
}

function explain(error: unknown): string {
  if (isErrno(error, 'ENOENT')) return 'no such file';
  if (isErrno(error, 'EISDIR')) return 'it is a directory';
  if (isErrno(error, 'EACCES')) return 'permission denied';
  return messageOf(error);
}
