import type { Fingerprint, StoredPosition } from '../tailer/identity.ts';

/** How far a file has been delivered, and what it is recognised by. */
export interface CheckpointEntry extends StoredPosition {
  /** The file's part of `log.record.uid`. */
  readonly id: string;
  /** The path that its lines are told to come from: the one it was first found under. */
  readonly source: string;
  /** How many streams of bytes this inode has held before. */
  readonly generation: number;
  /** Of the bytes before the offset. */
  readonly tail: Fingerprint;
  /** Since when the file is no longer there. */
  readonly vanishedUnixMs?: number | undefined;
}

/** One line of a checkpoint. */
export function formatEntry(entry: CheckpointEntry): string {
  return JSON.stringify(entry);
}

/** The entry in a line; undefined when it is none. */
export function parseEntry(line: string): CheckpointEntry | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isEntry(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isEntry(value: unknown): value is CheckpointEntry {
  if (typeof value !== 'object' || value === null) return false;
  const entry = value as Readonly<Record<string, unknown>>;
  return (
    (['id', 'path', 'source', 'key', 'bornUnixNs'] as const).every((name) => typeof entry[name] === 'string') &&
    (['offset', 'generation'] as const).every((name) => isCount(entry[name])) &&
    isFingerprint(entry.head) &&
    isFingerprint(entry.tail) &&
    (entry.vanishedUnixMs === undefined || isCount(entry.vanishedUnixMs))
  );
}

function isFingerprint(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { lengthBytes, hash } = value as Partial<Fingerprint>;
  return isCount(lengthBytes) && typeof hash === 'string';
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
