import { posix } from 'node:path';
import { listEntries, lookupFacts, type OpenFile } from '../../runtime/file-handles.ts';
import { isRotationOf } from '../discovery/rotated-name.ts';
import { bytesOf, HEAD_BYTES, TAIL_BYTES } from './fingerprint.ts';
import { openWithin } from './tailed-file.ts';
import type { OpenFiles } from './open-files.ts';

/**
 * Rotation by copy: `cp app.log app.log.1; : > app.log`. The copy is where the stream goes on that the truncation ends, and nothing but the
 * bytes says so.
 */

export interface FoundCopy {
  readonly path: string;
  readonly file: OpenFile;
}

/** Looks among the names that rotation would give for a file with the right bytes; the caller closes it. The latest first. */
export function findCopy(
  path: string,
  openFiles: OpenFiles,
  matches: (file: OpenFile) => boolean,
): FoundCopy | undefined {
  const directory = posix.dirname(path);
  const names = (listEntries(directory) ?? [])
    .filter(({ kind }) => kind === 'file')
    .map(({ name }) => ({ path: posix.join(directory, name), facts: lookupFacts(posix.join(directory, name)) }))
    .filter((one) => isRotationOf(one.path, path) && one.facts?.kind === 'file')
    .sort((a, b) => Number((b.facts?.modifiedUnixNs ?? 0n) - (a.facts?.modifiedUnixNs ?? 0n)));
  for (const { path: candidate } of names) {
    const file = openWithin(openFiles, candidate);
    if (file && matches(file)) return { path: candidate, file };
    file?.close();
  }
  return undefined;
}

/** Whether a file holds nothing but what the other begins with, as a copy does while it is being made. */
export function isCopySoFar(copy: OpenFile, origin: OpenFile): boolean {
  const length = Math.min(copy.facts().sizeBytes, origin.facts().sizeBytes);
  const isEqual = (from: number, to: number): boolean => bytesOf(copy, from, to).equals(bytesOf(origin, from, to));
  return length > 0 && isEqual(0, Math.min(length, HEAD_BYTES)) && isEqual(Math.max(0, length - TAIL_BYTES), length);
}

/** The name that a file has in a directory by now; undefined when it has none there. */
export function findNameOf(key: string, directory: string): string | undefined {
  return namesByKey(directory).get(key);
}

/** What the names in a directory lead to. */
export function namesByKey(directory: string): Map<string, string> {
  const names = new Map<string, string>();
  for (const { name, kind } of listEntries(directory) ?? []) {
    if (kind !== 'file') continue;
    const path = posix.join(directory, name);
    const facts = lookupFacts(path);
    if (facts) names.set(facts.key, path);
  }
  return names;
}
