import type { HeaderPair } from './fields.ts';
import { matchesVary, type VaryKey } from './vary.ts';

/** Responses kept for one address, told apart by Vary; a User-Agent in Vary would otherwise fill the store with one page. */
export const MAX_VARIANTS = 16;
/** What an entry and each of its header lines cost beside texts and body: objects, map and list slots, the Buffer. Measured, and rounded up. */
const ENTRY_OVERHEAD_BYTES = 1024;
const LINE_OVERHEAD_BYTES = 128;

export interface Entry {
  readonly key: string;
  readonly vary: VaryKey;
  readonly status: number;
  readonly headers: readonly HeaderPair[];
  readonly body: Buffer;
  readonly initialAgeMs: number;
  readonly responseMs: number;
  readonly lifetimeMs: number;
  readonly staleIfErrorMs: number;
  readonly neverStale: boolean;
}

/** What the entry counts for against the bound: about the memory that it holds. */
export function entryBytes(entry: Entry): number {
  let bytes = ENTRY_OVERHEAD_BYTES + entry.key.length + entry.body.length;
  for (const [name, value] of entry.headers) bytes += LINE_OVERHEAD_BYTES + name.length + value.length;
  for (const [name, value] of entry.vary) bytes += LINE_OVERHEAD_BYTES + name.length + (value?.length ?? 0);
  return bytes;
}

/** Entries by address, within a number of bytes and of entries; the one not stored or served for longest makes room. */
export class EntryTable {
  bytes = 0;
  evictedCount = 0;
  readonly #limitBytes: number;
  readonly #maxEntries: number;
  /** The youngest variant last. */
  readonly #variants = new Map<string, Entry[]>();
  /** A Set keeps the order of insertion: the first is the one not used for longest. */
  readonly #byUse = new Set<Entry>();

  constructor(limitBytes: number, maxEntries: number) {
    this.#limitBytes = limitBytes;
    this.#maxEntries = maxEntries;
  }

  get size(): number {
    return this.#byUse.size;
  }

  /** The youngest entry that answers a request with these headers. */
  lookup(key: string, requestHeaders: readonly HeaderPair[]): Entry | undefined {
    return this.#variants.get(key)?.findLast((entry) => matchesVary(entry.vary, requestHeaders));
  }

  /** Counts as a use. */
  touch(entry: Entry): void {
    if (this.#byUse.delete(entry)) this.#byUse.add(entry);
  }

  /** Puts it in place of all that answered the same request, and makes room. */
  replace(entry: Entry, requestHeaders: readonly HeaderPair[]): void {
    for (const old of [...(this.#variants.get(entry.key) ?? [])])
      if (matchesVary(old.vary, requestHeaders)) this.delete(old);
    const variants = this.#variants.get(entry.key) ?? [];
    const oldest = variants.length >= MAX_VARIANTS ? variants[0] : undefined;
    if (oldest !== undefined) this.#evict(oldest);
    this.#variants.set(entry.key, [...variants.filter((variant) => variant !== oldest), entry]);
    this.#byUse.add(entry);
    this.bytes += entryBytes(entry);
    this.#makeRoom();
  }

  /** Drops all variants of an address; returns how many there were. */
  deleteAll(key: string): number {
    const variants = [...(this.#variants.get(key) ?? [])];
    for (const entry of variants) this.delete(entry);
    return variants.length;
  }

  clear(): void {
    this.#variants.clear();
    this.#byUse.clear();
    this.bytes = 0;
  }

  delete(entry: Entry): void {
    if (!this.#byUse.delete(entry)) return;
    this.bytes -= entryBytes(entry);
    const left = (this.#variants.get(entry.key) ?? []).filter((variant) => variant !== entry);
    if (left.length === 0) this.#variants.delete(entry.key);
    else this.#variants.set(entry.key, left);
  }

  #makeRoom(): void {
    for (const entry of this.#byUse) {
      if (this.bytes <= this.#limitBytes && this.#byUse.size <= this.#maxEntries) return;
      this.#evict(entry);
    }
  }

  #evict(entry: Entry): void {
    this.evictedCount++;
    this.delete(entry);
  }
}
