import { posix } from 'node:path';
import type { Cancel, Clock } from '../../runtime/clock.ts';
import {
  type FileFacts,
  isSymbolicLink,
  listEntries,
  lookupFacts,
  lookupRealPath,
} from '../../runtime/file-handles.ts';
import type { DirectoryEvent, WatchDirectory } from '../../runtime/file-watch.ts';
import type { Selection } from './glob.ts';
import { POLL_PERIOD_MS, WatchedDirectories, type WatchedDirectory } from './watched-directories.ts';

export interface DiscoveryPorts {
  readonly clock: Clock;
  readonly watch: WatchDirectory;
  readonly fileSystemType: (path: string) => number | undefined;
  readonly warn: (message: string) => void;
  /** A name that may have appeared, gone, or come to mean another file; names that are not selected as well, in watched directories. */
  readonly onName: (path: string) => void;
  /** The file of that name may have grown. */
  readonly onChange: (path: string) => void;
}

/** Deeper trees are loops of mounts, or no logs. */
const MAX_DEPTH = 32;
/** As many containers as a large Kubernetes node runs, and more. */
const MAX_LINKS = 10_000;
/** Events get lost without a sign when the kernel's queue overflows; so long is the most that one can then go unseen. */
const LOOK_PERIOD_MS = 2_000;
const RESCAN_PERIOD_MS = 10_000;
/** Two changes within so long may leave one and the same time of change on a directory: file systems count in jiffies or whole seconds. */
const SETTLED_MS = 2_000;

/**
 * Finds files, and tells what may have happened to them. Directories are watched rather than files: one watch serves all files in it, and new
 * ones are heard of. A watch is a hint; each directory's time of change is looked at as well.
 */
export class Discovery {
  readonly #selection: Selection;
  readonly #ports: DiscoveryPorts;
  readonly #directories: WatchedDirectories;
  /** Links to files elsewhere, by where they lead; their directories are watched too. */
  readonly #links = new Map<string, string>();
  #timers: Cancel[] = [];

  constructor(selection: Selection, ports: DiscoveryPorts) {
    this.#selection = selection;
    this.#ports = ports;
    this.#directories = new WatchedDirectories({
      ...ports,
      onEvent: (directory, event) => this.#onEvent(directory, event),
    });
  }

  get directories(): number {
    return this.#directories.size;
  }

  get polledDirectories(): number {
    return this.#directories.polled;
  }

  /** Whether changes to the file of that path may raise no event. */
  isPolled(path: string): boolean {
    return this.#directories.lookup(posix.dirname(path))?.isPolled ?? false;
  }

  /** Tells every selected file that is there, watches where more may come, and goes on until `close`. */
  start(): void {
    const { clock } = this.#ports;
    this.rescan();
    this.#timers = [
      clock.every(RESCAN_PERIOD_MS, () => this.rescan()),
      clock.every(LOOK_PERIOD_MS, () => this.#lookAtDirectories(() => true)),
      clock.every(POLL_PERIOD_MS, () => this.#lookAtDirectories(({ isPolled }) => isPolled)),
    ];
  }

  /** Goes through everything from the top; directories that have not changed are not listed again. */
  rescan(): void {
    const seen = new Set<WatchedDirectory>();
    this.#directories.retry();
    for (const root of this.#selection.roots) {
      // From the one above: a root may be removed and made anew.
      const start = nearestDirectory(posix.dirname(root));
      this.#visit(start, 0, seen);
    }
    for (const directory of this.#directories.all()) {
      if (!seen.has(directory) && !this.#isLinkedTo(directory)) this.#directories.remove(directory);
    }
  }

  close(): void {
    for (const cancel of this.#timers) cancel();
    this.#directories.close();
  }

  #lookAtDirectories(which: (directory: WatchedDirectory) => boolean): void {
    for (const directory of this.#directories.all()) if (which(directory)) this.#lookAt(directory);
  }

  /** Lists one directory if it may have changed; those below it only when they are new. */
  #lookAt(directory: WatchedDirectory): void {
    const facts = lookupFacts(directory.path);
    if (facts?.key !== directory.key || !this.#mayHaveChanged(directory, facts)) return;
    this.#list(directory, facts);
    for (const child of directory.children) {
      if (!this.#directories.lookup(child)) this.#visit(child, directory.depth + 1, new Set());
    }
  }

  /** Lists a directory if it may have changed, and goes on to those below it. */
  #visit(path: string, depth: number, seen: Set<WatchedDirectory>): void {
    const facts = lookupFacts(path);
    const directory = facts?.kind === 'directory' ? this.#enter(path, facts, depth) : undefined;
    if (!facts || !directory || seen.has(directory)) return;
    seen.add(directory);
    if (this.#mayHaveChanged(directory, facts)) this.#list(directory, facts);
    for (const child of directory.children) this.#visit(child, depth + 1, seen);
  }

  /** Watches a directory; undefined for one that is known under another path, so that no loop of links is ever walked twice. */
  #enter(path: string, facts: FileFacts, depth: number): WatchedDirectory | undefined {
    const known = this.#directories.lookupByKey(facts.key);
    if (known?.path === path) return known;
    if (known && lookupFacts(known.path)?.key === known.key) return undefined;
    if (known) this.#directories.remove(known);
    const former = this.#directories.lookup(path);
    if (former) this.#directories.remove(former);
    if (depth > MAX_DEPTH) {
      this.#directories.warnOnce('depth', `${path} lies more than ${MAX_DEPTH} directories deep and is not followed`);
      return undefined;
    }
    return this.#directories.add(path, facts, depth);
  }

  #mayHaveChanged({ listed }: WatchedDirectory, facts: FileFacts): boolean {
    if (listed?.modifiedUnixNs !== facts.modifiedUnixNs) return true;
    return listed.atUnixMs - Number(facts.modifiedUnixNs / 1_000_000n) < SETTLED_MS;
  }

  #list(directory: WatchedDirectory, facts: FileFacts): void {
    const entries = listEntries(directory.path);
    directory.listed = { modifiedUnixNs: facts.modifiedUnixNs, atUnixMs: this.#ports.clock.unixMs() };
    const children: string[] = [];
    for (const { name, kind } of entries ?? []) {
      const path = posix.join(directory.path, name);
      const actual = kind === 'link' ? lookupFacts(path)?.kind : kind;
      if (actual === 'directory' && this.#selection.mayHold(path)) children.push(path);
      if (actual === 'file' && this.#selection.selects(path)) this.#found(path, kind === 'link');
    }
    directory.children = children;
    if (!entries) this.#directories.warnOnce(`list ${directory.path}`, `${directory.path} cannot be read`);
  }

  #found(path: string, isLink: boolean): void {
    if (isLink) this.#watchTarget(path);
    this.#ports.onName(path);
  }

  /** What a link leads to changes in a directory of its own. */
  #watchTarget(path: string): void {
    const target = lookupRealPath(path);
    const facts = target === undefined ? undefined : lookupFacts(posix.dirname(target));
    if (target === undefined || !facts) return;
    if (this.#links.size >= MAX_LINKS && !this.#links.has(target)) {
      this.#directories.warnOnce(
        'links',
        `more than ${MAX_LINKS} links: where ${path} and others lead is looked at every 2 s`,
      );
      return;
    }
    this.#links.set(target, path);
    if (!this.#directories.lookupByKey(facts.key)) this.#directories.add(posix.dirname(target), facts, MAX_DEPTH);
  }

  #isLinkedTo(directory: WatchedDirectory): boolean {
    for (const [target, link] of this.#links) {
      if (posix.dirname(target) !== directory.path) continue;
      if (lookupRealPath(link) === target) return true;
      this.#links.delete(target);
    }
    return false;
  }

  #onEvent(directory: WatchedDirectory, { kind, name }: DirectoryEvent): void {
    if (name === undefined) {
      this.#lookAt(directory);
      return;
    }
    const path = posix.join(directory.path, name);
    for (const known of [path, this.#links.get(path)]) {
      if (known === undefined) continue;
      if (kind === 'changed') this.#ports.onChange(known);
      else this.#onName(known, directory);
    }
  }

  #onName(path: string, parent: WatchedDirectory): void {
    const facts = lookupFacts(path);
    if (facts?.kind === 'directory') {
      if (!this.#selection.mayHold(path)) return;
      if (!parent.children.includes(path)) parent.children = [...parent.children, path];
      this.#visit(path, parent.depth + 1, new Set());
      return;
    }
    if (facts && this.#selection.selects(path) && isSymbolicLink(path)) this.#watchTarget(path);
    this.#ports.onName(path);
  }
}

function nearestDirectory(path: string): string {
  let directory = path;
  while (directory !== '/' && lookupFacts(directory)?.kind !== 'directory') directory = posix.dirname(directory);
  return directory;
}
