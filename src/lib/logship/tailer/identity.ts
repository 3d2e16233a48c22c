/**
 * Whether the file that is found is the one whose position was stored, or only looks like it. Inodes are reused, logs begin with the same
 * header, and a truncated file soon is as long as it was: only all of it together says that reading may go on in the middle.
 */

/** A hash of some bytes, and how many. */
export interface Fingerprint {
  readonly lengthBytes: number;
  readonly hash: string;
}

/** What was known of a file when its position was stored. */
export interface StoredPosition {
  readonly path: string;
  /** `device:inode`. */
  readonly key: string;
  /** When the inode was made; `0` where the file system does not tell. */
  readonly bornUnixNs: string;
  readonly offset: number;
  /** Of the first KiB, or of all there was of it. */
  readonly head: Fingerprint;
}

/** The same of a file that is there, held against it. */
export interface FoundFile {
  readonly path: string;
  readonly key: string;
  readonly bornUnixNs: string;
  readonly sizeBytes: number;
  /** Whether it begins with the same bytes; false when it is shorter. */
  readonly headMatches: boolean;
  /** Whether the same bytes stand before the offset; false when it is shorter. */
  readonly tailMatches: boolean;
}

export type Identity =
  /** Reading goes on at the offset. */
  | 'same'
  | 'renamed'
  /** The same file emptied, and perhaps written to again: read from 0. */
  | 'truncated'
  /** The same, but grown past the offset since: read from 0. */
  | 'regrown'
  /** The inode of another file: read from 0. */
  | 'reused'
  /** Has nothing to do with what was stored. */
  | 'new';

export function identify(stored: StoredPosition, found: FoundFile): Identity {
  if (!isSameInode(stored, found)) return 'new';
  const isMoved = stored.path !== found.path;
  if (found.headMatches && found.tailMatches) return isMoved ? 'renamed' : 'same';
  if (isBornLater(stored, found) || (isMoved && !found.headMatches)) return 'reused';
  return found.sizeBytes < Math.max(stored.offset, stored.head.lengthBytes) ? 'truncated' : 'regrown';
}

/** Whether what was stored says where to go on. */
export function continues(identity: Identity): boolean {
  return identity === 'same' || identity === 'renamed';
}

/** A device may have another number after a reboot; then the inode has to be at its old place, with something read of it to recognise it by. */
function isSameInode(stored: StoredPosition, found: FoundFile): boolean {
  if (stored.key === found.key) return true;
  return (
    inodeOf(stored.key) === inodeOf(found.key) &&
    stored.path === found.path &&
    stored.offset > 0 &&
    found.headMatches &&
    found.tailMatches
  );
}

/** The inode in `device:inode`. */
export function inodeOf(key: string): string {
  return key.slice(key.indexOf(':') + 1);
}

function isBornLater(stored: StoredPosition, found: FoundFile): boolean {
  return stored.bornUnixNs !== '0' && found.bornUnixNs !== '0' && stored.bornUnixNs !== found.bornUnixNs;
}
