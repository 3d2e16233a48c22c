import {
  accessSync,
  appendFileSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

/** Files, synchronously: control files are small, and an undo must not be cut in two by other work. */

export const readText = (path: string): string => readFileSync(path, 'utf8');
export const writeText = (path: string, text: string): void => writeFileSync(path, text);
export const appendText = (path: string, text: string): void => appendFileSync(path, text);
export const exists = (path: string): boolean => existsSync(path);
export const isDirectory = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
export const listNames = (path: string): string[] => readdirSync(path);
export const rename = (from: string, to: string): void => renameSync(from, to);
/** Makes a directory and its parents; harmless when it is there. */
export const makeDirectory = (path: string, mode?: number): void => void mkdirSync(path, { recursive: true, mode });
/** Removes a file or a whole tree; harmless when it is gone. */
export const remove = (path: string): void => rmSync(path, { recursive: true, force: true });

/** The text of a file, or undefined when there is none. Other errors are thrown. */
export function lookupText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT') || isErrno(error, 'ENOTDIR')) return undefined;
    throw error;
  }
}

/** Removes an empty directory (a control group is one); harmless when it is gone. */
export function removeEmptyDirectory(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
  }
}

/** Whether something thrown is the system error of this name, such as ENOENT. */
export function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code;
}

/** The size in bytes, or undefined when there is no such file. */
export function lookupSize(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.size;
}

/** The bytes of a file, or only its first `limitBytes`. */
export function readBytes(path: string, limitBytes?: number): Buffer {
  if (limitBytes === undefined) return readFileSync(path);
  const handle = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(limitBytes);
    return bytes.subarray(0, readSync(handle, bytes, 0, limitBytes, 0));
  } finally {
    closeSync(handle);
  }
}

/** Whether this process may write to the file or into the directory; false when there is none, or on a read-only file system. */
export function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Whether files could be written in that directory, which need not exist yet; reads only. */
export function isWritableDirectory(path: string): boolean {
  let existing = path;
  while (!existsSync(existing)) existing = dirname(existing);
  try {
    accessSync(existing, constants.W_OK);
    return statSync(existing).isDirectory();
  } catch {
    return false;
  }
}

/** Appends a text, and returns when it is on the disk; a new file gets this mode. */
export function appendDurably(path: string, text: string, mode?: number): void {
  const file = openSync(path, 'a', mode);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Writes a new file; false when there is one of that name already, whoever made it. */
export function createExclusively(path: string, text: string, mode?: number): boolean {
  try {
    writeFileSync(path, text, { flag: 'wx', mode });
    return true;
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false;
    throw error;
  }
}

/** Moves a directory to where there is none, or an empty one; false when something is in there already, whoever put it there. */
export function moveIntoPlace(directory: string, place: string): boolean {
  try {
    renameSync(directory, place);
    return true;
  } catch (error) {
    if (isErrno(error, 'ENOTEMPTY') || isErrno(error, 'EEXIST')) return false;
    throw error;
  }
}
