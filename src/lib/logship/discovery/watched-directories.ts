import type { FileFacts } from '../../runtime/file-handles.ts';
import type { DirectoryEvent, WatchAttempt, WatchDirectory } from '../../runtime/file-watch.ts';
import { silentFileSystem } from './file-systems.ts';

/** A directory that is watched, looked at from time to time, or both. */
export interface WatchedDirectory {
  readonly path: string;
  readonly key: string;
  readonly depth: number;
  /** Directories in it that are worth a look, as of the last listing. */
  children: readonly string[];
  /** Unknown until it has been listed for the first time. */
  listed: { readonly modifiedUnixNs: bigint; readonly atUnixMs: number } | undefined;
  /** Why events are not relied on; undefined where they are. */
  isPolled: boolean;
  close: () => void;
}

export interface WatchedDirectoriesPorts {
  readonly watch: WatchDirectory;
  readonly fileSystemType: (path: string) => number | undefined;
  readonly onEvent: (directory: WatchedDirectory, event: DirectoryEvent) => void;
  readonly warn: (message: string) => void;
}

/** Each costs a watch of the kernel, about a kilobyte that cannot be swapped; more are a file system, not a log directory. */
const MAX_DIRECTORIES = 16_384;
/** How often directories are looked at where events cannot be relied on. */
export const POLL_PERIOD_MS = 500;

const LIMIT_REMEDIES = {
  watches: 'the limit of inotify watches is reached; raise it by `sysctl fs.inotify.max_user_watches=524288`',
  instances:
    'the limit of inotify instances or of open files is reached; raise it by `sysctl fs.inotify.max_user_instances=1024` or `ulimit -n`',
  other: 'the system refuses to watch them',
} as const;

/** The directories that are known, by their own identity: however many ways lead to one, it is watched once. */
export class WatchedDirectories {
  readonly #ports: WatchedDirectoriesPorts;
  readonly #byKey = new Map<string, WatchedDirectory>();
  readonly #byPath = new Map<string, WatchedDirectory>();
  readonly #warned = new Set<string>();

  constructor(ports: WatchedDirectoriesPorts) {
    this.#ports = ports;
  }

  lookup(path: string): WatchedDirectory | undefined {
    return this.#byPath.get(path);
  }

  lookupByKey(key: string): WatchedDirectory | undefined {
    return this.#byKey.get(key);
  }

  all(): WatchedDirectory[] {
    return [...this.#byKey.values()];
  }

  get size(): number {
    return this.#byKey.size;
  }

  get polled(): number {
    return this.all().filter(({ isPolled }) => isPolled).length;
  }

  /** Watches one more; undefined when there are too many. */
  add(path: string, facts: FileFacts, depth: number): WatchedDirectory | undefined {
    if (this.#byKey.size >= MAX_DIRECTORIES) {
      this.warnOnce(
        'directories',
        `more than ${MAX_DIRECTORIES} directories: ${path} and others are not followed; name fewer`,
      );
      return undefined;
    }
    const directory: WatchedDirectory = {
      path,
      key: facts.key,
      depth,
      children: [],
      listed: undefined,
      isPolled: false,
      close: () => undefined,
    };
    this.#byKey.set(facts.key, directory);
    this.#byPath.set(path, directory);
    this.#watch(directory);
    const silent = silentFileSystem(this.#ports.fileSystemType(path) ?? 0);
    if (silent !== undefined) {
      directory.isPolled = true;
      this.warnOnce(
        `${silent} ${facts.key.split(':')[0] ?? ''}`,
        `${path} is on ${silent}, where changes made elsewhere raise no events: it is looked at every ${POLL_PERIOD_MS} ms instead`,
      );
    }
    return directory;
  }

  /** Tries again to watch what the system refused to: limits are raised, and watches of others end. */
  retry(): void {
    for (const directory of this.#byKey.values()) {
      const isRefused =
        directory.isPolled && silentFileSystem(this.#ports.fileSystemType(directory.path) ?? 0) === undefined;
      if (isRefused) this.#watch(directory);
    }
  }

  remove(directory: WatchedDirectory): void {
    directory.close();
    this.#byKey.delete(directory.key);
    if (this.#byPath.get(directory.path) === directory) this.#byPath.delete(directory.path);
  }

  close(): void {
    for (const directory of this.all()) this.remove(directory);
  }

  warnOnce(about: string, message: string): void {
    if (this.#warned.has(about)) return;
    this.#warned.add(about);
    this.#ports.warn(message);
  }

  #watch(directory: WatchedDirectory): void {
    const attempt: WatchAttempt = this.#ports.watch(directory.path, (event) => this.#ports.onEvent(directory, event));
    directory.isPolled = attempt.kind === 'refused';
    if (attempt.kind === 'watching') directory.close = attempt.close;
    else {
      this.warnOnce(
        attempt.limit,
        `${directory.path} and perhaps others are looked at every ${POLL_PERIOD_MS} ms, not watched: ${LIMIT_REMEDIES[attempt.limit]}`,
      );
    }
  }
}
