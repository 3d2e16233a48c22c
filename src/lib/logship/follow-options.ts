/** What is followed, and how. */
export interface FollowOptions {
  /** Paths, directories, patterns (see discovery/glob.ts). */
  readonly include: readonly string[];
  readonly exclude?: readonly string[];
  /** Relative patterns begin here. */
  readonly workingDirectory: string;
  /** Where positions are kept; without it, nothing is. */
  readonly stateDirectory?: string | undefined;
  /** Where to begin with files that are there when nothing has ever been stored. Files that come later are read from their beginning. */
  readonly startAt?: 'beginning' | 'end';
  /** How long the rest of a line is waited for. */
  readonly partialTimeoutMs?: number;
  /** How many bytes of deleted files may be held for delivery; beyond it the oldest is given up. No limit unless said. */
  readonly deletedLimitBytes?: number;
  /** Follows binary and compressed files as if they were text. */
  readonly includeBinary?: boolean;
  /** Files, or directories of files, that this process writes itself: never followed. Its state directory is one without saying. */
  readonly ownPaths?: readonly string[];
  /** How many files may be open at once; by default what the system allows, less what the rest of the process needs. */
  readonly openFilesLimit?: number;
}

export interface FollowNote {
  readonly level: 'info' | 'warning';
  readonly message: string;
}

/** Lines that were lost, by why. */
export type DropReason = 'deleted_limit' | 'truncated' | 'vanished';

export interface Dropped {
  readonly bytes: number;
  /** 0 where the bytes are gone and cannot be counted. */
  readonly lines: number;
}

export interface FollowCounters {
  readonly files: number;
  readonly openFiles: number;
  readonly directories: number;
  readonly polledDirectories: number;
  /** Bytes that have not been read. */
  readonly lagBytes: number;
  /** Those of them in files that were renamed or deleted. */
  readonly rotatedUnreadBytes: number;
  /** Bytes that were read and not acknowledged. */
  readonly unackedBytes: number;
  /** The length of deleted files that are held open. */
  readonly deletedHeldBytes: number;
  readonly skippedFiles: Readonly<Record<SkipReason, number>>;
  readonly dropped: Readonly<Record<DropReason, Dropped>>;
  readonly truncations: number;
  readonly rotations: number;
}

export type SkipReason = 'binary' | 'compressed' | 'own';
