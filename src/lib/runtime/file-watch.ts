import { watch } from 'node:fs';

/**
 * Something happened to a name in a directory: `named` when it appeared, went or became another file, `changed` when its contents or
 * attributes did. The name is undefined when the kernel did not tell.
 */
export interface DirectoryEvent {
  readonly kind: 'named' | 'changed';
  readonly name: string | undefined;
}

export type WatchAttempt =
  | { readonly kind: 'watching'; readonly close: () => void }
  /** `watches`: fs.inotify.max_user_watches is used up. `instances`: so are fs.inotify.max_user_instances or the open files. */
  | { readonly kind: 'refused'; readonly limit: 'watches' | 'instances' | 'other'; readonly message: string };

export type WatchDirectory = (path: string, onEvent: (event: DirectoryEvent) => void) => WatchAttempt;

/**
 * Hears of changes in one directory, not below it. All watches of a process share one inotify instance. A hint only: when the kernel's queue
 * overflows, events are lost and nobody is told; when the directory itself goes, nothing more comes.
 */
export const watchDirectory: WatchDirectory = (path, onEvent) => {
  try {
    const watcher = watch(path, (type, name) =>
      onEvent({ kind: type === 'rename' ? 'named' : 'changed', name: name ?? undefined }),
    );
    // An error ends the watch; whoever relies on it looks at the directory from time to time all the same.
    watcher.on('error', () => watcher.close());
    return { kind: 'watching', close: () => watcher.close() };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const limit = code === 'ENOSPC' ? 'watches' : code === 'EMFILE' || code === 'ENFILE' ? 'instances' : 'other';
    return { kind: 'refused', limit, message };
  }
};
