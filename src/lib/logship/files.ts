import { posix } from 'node:path';
import { type FileFacts, lookupFacts, type OpenFile } from '../runtime/file-handles.ts';
import type { CheckpointEntry } from './checkpoint/entry.ts';
import type { Positions } from './checkpoint/positions.ts';
import { parseRotatedName } from './discovery/rotated-name.ts';
import type { FollowNote } from './follow-options.ts';
import { FileAccount } from './tailer/account.ts';
import { namesByKey } from './tailer/copies.ts';
import { holdDeletedDown } from './tailer/deleted-limit.ts';
import { HeldCopies } from './tailer/held-copies.ts';
import { continues, type Identity } from './tailer/identity.ts';
import { Openings } from './tailer/openings.ts';
import { ReadyQueue } from './tailer/ready-queue.ts';
import { TailerRegistry } from './tailer/registry.ts';
import { Rotations } from './tailer/rotations.ts';
import { hasMore } from './tailer/tailer-state.ts';
import { fileId, type TailerStart } from './tailer/tailer-start.ts';
import { Tailer, type TailerPorts } from './tailer/tailer.ts';

export interface FileSetOptions {
  readonly startAt: 'beginning' | 'end';
  readonly includeBinary: boolean;
  readonly deletedLimitBytes: number;
  /** Keys of files that this process writes. */
  readonly ownKeys: ReadonlySet<string>;
}

export interface FileSetPorts extends Pick<TailerPorts, 'clock' | 'openFiles' | 'partialTimeoutMs'> {
  readonly positions: Positions;
  readonly selects: (path: string) => boolean;
  readonly tell: (note: FollowNote) => void;
  /** The queue may have something. */
  readonly onReady: () => void;
}

/** A bound for memory, about two kilobytes each. */
const MAX_FILES = 50_000;
/** How many files one sweep looks at: 10 ms of work. With more files, a change that no event told is found that much later. */
const SWEEP_FILES = 2_500;

const RESTARTS: Readonly<Record<Exclude<Identity, 'same' | 'renamed' | 'new'>, string>> = {
  truncated: 'it was truncated',
  regrown: 'it was truncated and has grown past the position since',
  reused: 'it has the inode of another file: same inode, other content',
};

/** A file at the start, before anything is read. */
interface Candidate {
  readonly path: string;
  readonly facts: FileFacts;
}

/** Which file is which: follows names as they appear, go, and come to mean other files, with one tailer for each stream of bytes. */
export class FileSet {
  readonly queue = new ReadyQueue();
  readonly account = new FileAccount();
  readonly #registry = new TailerRegistry();
  readonly #options: FileSetOptions;
  readonly #ports: FileSetPorts;
  readonly #tailerPorts: TailerPorts;
  readonly #openings: Openings;
  readonly #rotations: Rotations;
  readonly #held: HeldCopies;
  /** Streams of which nothing has been seen yet. */
  readonly #fresh = new Set<Tailer>();
  readonly #timed = new Set<Tailer>();
  readonly #truncating = new Set<Tailer>();
  /** Filled while everything is looked at for the first time, so that older generations come first. */
  #candidates: Candidate[] | undefined = [];
  #sweep: Tailer[] = [];
  #version = 0;

  constructor(options: FileSetOptions, ports: FileSetPorts) {
    this.#options = options;
    this.#ports = ports;
    const onReady = (tailer: Tailer): void => this.#onReady(tailer);
    // Put last again: of deleted files, the one that was deleted first is the oldest.
    const onDraining = (tailer: Tailer): void => {
      this.#timed.delete(tailer);
      this.#timed.add(tailer);
    };
    const { queue, account } = this;
    this.#openings = new Openings({ ...ports, ...options, account });
    this.#rotations = new Rotations({ ...ports, registry: this.#registry, queue, account, onReady, onDraining });
    this.#held = new HeldCopies(ports.clock);
    this.#tailerPorts = {
      ...ports,
      onReady,
      onTruncated: (tailer) => this.#onTruncated(tailer),
      onDone: (tailer) => this.#onDone(tailer),
      onProgress: () => this.#version++,
    };
  }

  get size(): number {
    return this.#registry.size;
  }

  /** Counts up with everything that a checkpoint would tell of. */
  get version(): number {
    return this.#version;
  }

  all(): MapIterator<Tailer> {
    return this.#registry.all();
  }

  /** Looks at a name: what it means now, and what became of what it meant before. */
  look(path: string): void {
    const facts = lookupFacts(path);
    const tailer = this.#registry.lookupPath(path);
    if (tailer && tailer.key !== facts?.key) this.#rotations.lostName(tailer);
    if (facts?.kind !== 'file') return;
    if (this.#candidates) this.#candidates.push({ path, facts });
    else this.#see(path, facts);
  }

  /** The file of that name may have grown. */
  changed(path: string): void {
    const tailer = this.#registry.lookupPath(path);
    if (tailer ? !hasMore(tailer.state) : this.#openings.refused.has(path)) this.look(path);
  }

  /** Begins with what was found up to now, oldest first; from here on files are followed as they are found. */
  begin(): void {
    const found = this.#candidates ?? [];
    this.#candidates = undefined;
    const latest = new Map<string, Tailer>();
    for (const { path, facts } of [...found, ...this.#lookForRenamed(found)].sort(byAge)) {
      this.#see(path, facts, true);
      const { family } = parseRotatedName(path);
      const tailer = this.#registry.lookupKey(facts.key);
      const elder = latest.get(family);
      if (tailer && elder && elder !== tailer) this.queue.putAfter(tailer, elder);
      if (tailer) latest.set(family, tailer);
    }
  }

  /** Looks at the next so many files, whether or not anything was told of them. */
  sweep(): void {
    if (this.#sweep.length === 0) this.#sweep = [...this.#registry.all()];
    for (const tailer of this.#sweep.splice(0, SWEEP_FILES)) this.#lookAgain(tailer);
    for (const path of [...this.#openings.refused]) this.look(path);
  }

  /** Looks at the files in directories of which nothing is told. */
  poll(isPolled: (path: string) => boolean): void {
    for (const tailer of [...this.#registry.all()]) if (isPolled(tailer.path)) this.#lookAgain(tailer);
  }

  /** Lets time pass: incomplete lines, files on their way out, copies in the making. */
  tick(): void {
    for (const tailer of [...this.#timed]) {
      if (tailer.isTimed) tailer.tick();
      if (!tailer.isTimed) this.#timed.delete(tailer);
    }
    this.#held.tick();
    const dropped = holdDeletedDown([...this.#timed], this.#options.deletedLimitBytes);
    if (!dropped) return;
    this.account.drop('deleted_limit', dropped);
    this.#openings.warnOnce(
      'deleted',
      'deleted files hold more than the limit; the oldest lines are given up (counted as dropped)',
    );
  }

  close(): void {
    for (const tailer of [...this.#registry.all()]) tailer.finish('closed');
  }

  #see(path: string, facts: FileFacts, isStart = false): void {
    const known = this.#registry.lookupKey(facts.key);
    if (!known) {
      this.#follow(path, isStart);
      return;
    }
    const isRenamed = known.path !== path && lookupFacts(known.path)?.key !== known.key;
    if (isRenamed) this.#rotations.renamed(known, path);
    known.seen(facts);
  }

  #lookAgain(tailer: Tailer): void {
    if (tailer.state.kind === 'done') return;
    const facts = lookupFacts(tailer.path);
    if (facts?.key === tailer.key) tailer.seen(facts);
    else if (this.#registry.lookupPath(tailer.path) === tailer) this.look(tailer.path);
  }

  /** Files of earlier runs that have another name by now, one that is not asked for. */
  #lookForRenamed(found: readonly Candidate[]): Candidate[] {
    const known = new Set(found.map(({ facts }) => facts.key));
    const missing = this.#ports.positions.unclaimed.filter(({ key }) => !known.has(key));
    const names = new Map<string, Map<string, string>>();
    return missing.flatMap(({ key, path: before }) => {
      const directory = posix.dirname(before);
      const inDirectory = names.get(directory) ?? namesByKey(directory);
      names.set(directory, inDirectory);
      const path = inDirectory.get(key);
      const facts = path === undefined ? undefined : lookupFacts(path);
      return path !== undefined && facts ? [{ path, facts }] : [];
    });
  }

  /** Begins with a file that is not followed yet, from where it was left. */
  #follow(path: string, isStart: boolean): void {
    const isSelected = this.#ports.selects(path);
    if (!isSelected && !isStart) return;
    if (this.#registry.size >= MAX_FILES) {
      this.#openings.warnOnce('files', `more than ${MAX_FILES} files: ${path} and others are not followed; name fewer`);
      return;
    }
    const file = this.#openings.open(path);
    const facts = file?.facts();
    if (!file || facts?.kind !== 'file') {
      file?.close();
      return;
    }
    const claim = this.#ports.positions.claim(path, facts, file);
    if (claim && continues(claim.identity)) {
      const { id, source, generation, offset } = claim.entry;
      this.#add({ id, path, source, generation, offset, facts }, file);
    } else if (isSelected) {
      if (claim) this.#restart(path, claim.entry, claim.identity);
      this.#addFresh(path, file, (claim?.entry.generation ?? -1) + 1, isStart && !claim);
    } else {
      file.close();
    }
  }

  /** What was known of a file is true no more; its bytes may be in a copy. */
  #restart(path: string, entry: CheckpointEntry, identity: Identity): void {
    if (identity === 'same' || identity === 'renamed' || identity === 'new') return;
    this.#ports.tell({ level: 'info', message: `${path}: ${RESTARTS[identity]}; it is read from its beginning` });
    const copy = identity === 'reused' ? undefined : this.#rotations.findCopyOf(entry);
    if (!copy) return;
    const { id, source, generation, offset } = entry;
    this.#add({ id, path: copy.path, source, generation, offset, facts: copy.file.facts() }, copy.file);
  }

  #addFresh(path: string, file: OpenFile, generation: number, isOld: boolean): void {
    const facts = file.facts();
    const { positions } = this.#ports;
    const isSkippedOver = isOld && positions.isFirstStart && this.#options.startAt === 'end';
    const start = {
      id: fileId(facts, generation),
      path,
      source: path,
      generation,
      offset: isSkippedOver ? facts.sizeBytes : 0,
      facts,
    };
    this.#add(start, file, true);
  }

  #add(start: TailerStart, file: OpenFile, isFresh = false): void {
    const tailer = new Tailer(start, this.#tailerPorts, file);
    this.#version++;
    this.#registry.add(tailer);
    this.#rotations.putInOrder(tailer);
    if (isFresh) this.#fresh.add(tailer);
    if (!this.#ports.selects(start.path)) this.#rotations.drain(tailer, 'renamed');
    tailer.seen(start.facts);
  }

  #onReady(tailer: Tailer): void {
    if (this.#fresh.delete(tailer) && !this.#mayRead(tailer)) return;
    this.#timed.add(tailer);
    this.queue.add(tailer);
    this.#ports.onReady();
  }

  /** Looks at the first bytes of a file: whether it is text, and whether it may be a copy in the making. */
  #mayRead(tailer: Tailer): boolean {
    const file = tailer.open();
    if (!file) return true;
    tailer.learnHead();
    if (tailer.generation === 0 && !this.#openings.isWanted(tailer.path, tailer.key, file)) {
      tailer.finish('skipped');
      return false;
    }
    const origin = this.#registry.lookupPath(parseRotatedName(tailer.path).family);
    return tailer.position > 0 || !origin || origin === tailer || !this.#held.hold(tailer, origin);
  }

  #onTruncated(tailer: Tailer): void {
    const { path, key, generation } = tailer;
    // Looking for its copy may come upon it again.
    if (this.#truncating.has(tailer)) return;
    this.#truncating.add(tailer);
    this.#rotations.truncated(tailer);
    this.#truncating.delete(tailer);
    if (!this.#ports.selects(path)) return;
    if (lookupFacts(path)?.key !== key || this.#registry.lookupKey(key)) return;
    const file = this.#openings.open(path);
    if (file) this.#addFresh(path, file, generation + 1, false);
  }

  #onDone(tailer: Tailer): void {
    const entry = tailer.state.kind === 'done' && tailer.state.why !== 'truncated' ? tailer.entry() : undefined;
    if (entry && tailer.state.kind === 'done' && tailer.state.why !== 'skipped') this.#ports.positions.keep(entry);
    this.#version++;
    this.#registry.remove(tailer);
    this.#rotations.forget(tailer);
    this.#fresh.delete(tailer);
    this.#timed.delete(tailer);
    this.queue.remove(tailer);
  }
}

/** Older first; of the same moment, the higher generation. */
function byAge(a: Candidate, b: Candidate): number {
  const byTime = Number(a.facts.modifiedUnixNs - b.facts.modifiedUnixNs);
  return byTime === 0 ? parseRotatedName(b.path).generation - parseRotatedName(a.path).generation : byTime;
}
