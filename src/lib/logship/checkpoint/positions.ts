import type { FileFacts, OpenFile } from '../../runtime/file-handles.ts';
import { beginsWith, hasBefore } from '../tailer/fingerprint.ts';
import { type Identity, identify, inodeOf } from '../tailer/identity.ts';
import { type CheckpointEntry, formatEntry } from './entry.ts';
import type { Collected } from './saver.ts';
import type { FoundState } from './state-directory.ts';
import { stillKept } from './vanished.ts';

export interface Claim {
  readonly entry: CheckpointEntry;
  readonly identity: Exclude<Identity, 'new'>;
}

/** What is known of files from before, and of those that are gone. */
export class Positions {
  /** Of files that have not been found, by their keys. */
  readonly #unclaimed: Map<string, CheckpointEntry>;
  /** As they were found at the start: only a device's number may have changed since. */
  readonly #byPath: ReadonlyMap<string, CheckpointEntry>;
  readonly #isFirstStart: boolean;
  readonly #lines = new WeakMap<CheckpointEntry, string>();
  #saved: readonly CheckpointEntry[] | undefined;

  constructor(found: FoundState) {
    const entries = 'entries' in found ? found.entries : [];
    this.#unclaimed = new Map(entries.map((entry) => [entry.key, entry]));
    this.#byPath = new Map(entries.map((entry) => [entry.path, entry]));
    this.#isFirstStart = found.kind === 'fresh';
  }

  /** Whether nothing was ever stored, so that files which are there now may be older than the wish to follow them. */
  get isFirstStart(): boolean {
    return this.#isFirstStart;
  }

  get unclaimed(): readonly CheckpointEntry[] {
    return [...this.#unclaimed.values()];
  }

  /** What was stored of this file, and whether it still holds; undefined for a file that is new. */
  claim(path: string, facts: FileFacts, file: OpenFile): Claim | undefined {
    const entry = this.#unclaimed.get(facts.key) ?? this.#lookupMoved(path, facts);
    if (!entry) return undefined;
    const identity = identify(entry, {
      path,
      key: facts.key,
      bornUnixNs: String(facts.bornUnixNs),
      sizeBytes: facts.sizeBytes,
      headMatches: beginsWith(file, entry.head),
      tailMatches: hasBefore(file, entry.offset, entry.tail),
    });
    if (identity === 'new') return undefined;
    this.#unclaimed.delete(entry.key);
    return { entry, identity };
  }

  /** Keeps what is known of a file that is not followed any more. */
  keep(entry: CheckpointEntry): void {
    this.#unclaimed.set(entry.key, entry);
  }

  /** A checkpoint of the files that are followed and of those that are gone; undefined when it would be the same as the last. */
  collect(entries: readonly CheckpointEntry[], nowUnixMs: number): Collected | undefined {
    const followed = new Set(entries.map(({ key }) => key));
    const vanished = stillKept(
      this.unclaimed.filter(({ key }) => !followed.has(key)),
      nowUnixMs,
    );
    this.#unclaimed.clear();
    for (const entry of vanished) this.#unclaimed.set(entry.key, entry);
    const all = [...entries, ...vanished];
    if (all.length === this.#saved?.length && all.every((entry, index) => entry === this.#saved?.[index]))
      return undefined;
    return { lines: all.map((entry) => this.#lineOf(entry)), saved: () => (this.#saved = all) };
  }

  /** The inode at its old place, on a device that has another number. */
  #lookupMoved(path: string, facts: FileFacts): CheckpointEntry | undefined {
    const entry = this.#byPath.get(path);
    return entry && inodeOf(entry.key) === inodeOf(facts.key) ? this.#unclaimed.get(entry.key) : undefined;
  }

  #lineOf(entry: CheckpointEntry): string {
    const line = this.#lines.get(entry) ?? formatEntry(entry);
    this.#lines.set(entry, line);
    return line;
  }
}
