import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  realpathSync,
  statfsSync,
  statSync,
} from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { isErrno } from './files.ts';

/** Files that stay open while others rename, truncate and delete them, and what tells one file from another. */

export interface FileFacts {
  readonly kind: 'file' | 'directory' | 'other';
  /** Device and inode, `66304:1312`: the same file under whatever name. Inode numbers may need all of their 64 bits. */
  readonly key: string;
  readonly sizeBytes: number;
  readonly modifiedUnixNs: bigint;
  /** When the inode was made; 0 where the file system does not say. */
  readonly bornUnixNs: bigint;
  /** Names that the file has; 0 once it is deleted. */
  readonly links: number;
}

export interface OpenFile {
  facts(): FileFacts;
  /** Reads into the target, at most its length, from that offset of the file; how many bytes, 0 at the end. */
  readAt(target: Uint8Array, offset: number): number;
  close(): void;
}

/** What the file system says of a path, through symbolic links; undefined when there is nothing, or a loop of links, or it may not be looked at. */
export function lookupFacts(path: string): FileFacts | undefined {
  try {
    const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
    return stats && factsOf(stats);
  } catch {
    return undefined;
  }
}

/**
 * Opens a file for reading, without waiting for the other end if it is a pipe. Undefined when there is none of that name; other errors (EACCES,
 * EMFILE) are thrown.
 */
export function openFile(path: string): OpenFile | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    if (isErrno(error, 'ENOENT') || isErrno(error, 'ENOTDIR')) return undefined;
    throw error;
  }
  return {
    facts: () => factsOf(fstatSync(descriptor, { bigint: true })),
    readAt: (target, offset) => readSync(descriptor, target, 0, target.length, offset),
    close: () => closeSync(descriptor),
  };
}

export interface DirectoryEntry {
  readonly name: string;
  readonly kind: 'file' | 'directory' | 'link' | 'other';
}

/** The names in a directory, in order; undefined when it is none, or is gone, or may not be read. */
export function listEntries(path: string): DirectoryEntry[] | undefined {
  try {
    return readdirSync(path, { withFileTypes: true })
      .map(
        (entry) =>
          ({
            name: entry.name,
            kind: entry.isFile()
              ? 'file'
              : entry.isDirectory()
                ? 'directory'
                : entry.isSymbolicLink()
                  ? 'link'
                  : 'other',
          }) satisfies DirectoryEntry,
      )
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return undefined;
  }
}

/** Whether the last part of the path is a symbolic link. */
export function isSymbolicLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}

/** The path without symbolic links in it; undefined when it leads nowhere. */
export function lookupRealPath(path: string): string | undefined {
  try {
    return realpathSync.native(path);
  } catch {
    return undefined;
  }
}

/** The type of the file system that a path lies on (statfs(2), `f_type`); undefined when it cannot be told. */
export function fileSystemType(path: string): number | undefined {
  try {
    return statfsSync(path).type;
  } catch {
    return undefined;
  }
}

/** How many files this process may have open (`ulimit -n`, which Node raises to the hard limit by itself). */
export function openFilesLimit(): number {
  const limits = readFileSync('/proc/self/limits', 'utf8');
  return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? 1024);
}

/** The keys of the files that this process writes its output to, so that it does not read what it wrote itself. */
export function ownOutputKeys(): string[] {
  return [1, 2].flatMap((descriptor) => {
    try {
      const facts = factsOf(fstatSync(descriptor, { bigint: true }));
      return facts.kind === 'file' ? [facts.key] : [];
    } catch {
      return [];
    }
  });
}

function factsOf(stats: BigIntStats): FileFacts {
  return {
    kind: stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : 'other',
    key: `${stats.dev}:${stats.ino}`,
    sizeBytes: Number(stats.size),
    modifiedUnixNs: stats.mtimeNs,
    bornUnixNs: stats.birthtimeNs,
    links: Number(stats.nlink),
  };
}
