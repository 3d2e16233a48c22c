import { posix } from 'node:path';
import type { Clock } from '../runtime/clock.ts';
import { fileSystemType, lookupFacts, openFilesLimit, ownOutputKeys } from '../runtime/file-handles.ts';
import { watchDirectory, type WatchDirectory } from '../runtime/file-watch.ts';
import { Positions } from './checkpoint/positions.ts';
import { type Saver, startSaver } from './checkpoint/saver.ts';
import { openStateDirectory, type StateDirectory } from './checkpoint/state-directory.ts';
import { Discovery } from './discovery/discover.ts';
import { parseSelection, type Selection } from './discovery/glob.ts';
import { POLL_PERIOD_MS } from './discovery/watched-directories.ts';
import { FileSet } from './files.ts';
import { countersOf } from './follow-counters.ts';
import type { FollowCounters, FollowNote, FollowOptions } from './follow-options.ts';
import { OpenFiles } from './tailer/open-files.ts';
import type { Tailer } from './tailer/tailer.ts';

export interface FollowPorts {
  readonly clock: Clock;
  readonly tell: (note: FollowNote) => void;
  /** `next()` may have something again: called after it had nothing, or after `resume()`. */
  readonly onReady: () => void;
  readonly watch?: WatchDirectory;
  readonly fileSystemType?: (path: string) => number | undefined;
}

/**
 * Follows files, and hands out whoever's turn it is to be read:
 *
 *     for (let tailer = follower.next(); tailer; tailer = follower.next()) {
 *       const got = tailer.readInto(kernel.landing(), limitBytes);
 *       if (got.kind !== 'bytes') continue;
 *       tailer.framed(kernel.frame(tailer, got));   // up to the last whole line
 *       tailer.unread();                            // if another file lands where the rest of a line lies
 *     }
 *     … and when the sink has taken a batch, for each of its segments: tailer.acked(from, to)
 */
export interface Follower {
  /** The next tailer that has something to read; undefined when none has, or while paused. */
  next(): Tailer | undefined;
  /** Back-pressure: nothing is read until `resume()`; the files are the buffer. */
  pause(): void;
  resume(): void;
  readonly isPaused: boolean;
  counters(): FollowCounters;
  /** Stores how far everything has been acknowledged; false when the disk does not take it. Without a state directory there is nothing to store. */
  save(): Promise<boolean>;
  /** Stores it for the last time, and lets go of everything. Lines that are not complete are left for the next time. */
  close(): Promise<boolean>;
}

const DEFAULT_PARTIAL_TIMEOUT_MS = 5_000;
const SWEEP_PERIOD_MS = 2_000;
const TICK_PERIOD_MS = 250;
/** Sockets to sinks, watches, checkpoints, and what Node itself has open. */
const RESERVED_FILES = 64;
const LEAST_FILES = 16;

/** Begins to follow. Throws AppError `usage` for what cannot be followed, `invalid` for a state directory that cannot be used. */
export function openFollower(options: FollowOptions, ports: FollowPorts): Follower {
  const { clock, tell } = ports;
  const warn = (message: string): void => tell({ level: 'warning', message });
  const selection = ownFilesLeftOut(
    parseSelection(options.include, options.exclude ?? [], { ...options, kindOf }),
    options,
  );
  const state = options.stateDirectory === undefined ? undefined : openStateDirectory(options.stateDirectory, warn);
  const positions = new Positions(state?.found ?? { kind: 'fresh' });
  const openFiles = new OpenFiles(options.openFilesLimit ?? Math.max(LEAST_FILES, openFilesLimit() - RESERVED_FILES));
  let isPaused = false;
  const files = new FileSet(
    {
      startAt: options.startAt ?? 'beginning',
      includeBinary: options.includeBinary ?? false,
      deletedLimitBytes: options.deletedLimitBytes ?? Number.POSITIVE_INFINITY,
      ownKeys: new Set(ownOutputKeys()),
    },
    {
      clock,
      openFiles,
      positions,
      tell,
      partialTimeoutMs: options.partialTimeoutMs ?? DEFAULT_PARTIAL_TIMEOUT_MS,
      selects: selection.selects,
      onReady: () => {
        if (!isPaused) ports.onReady();
      },
    },
  );
  const discovery = new Discovery(selection, {
    clock,
    warn,
    watch: ports.watch ?? watchDirectory,
    fileSystemType: ports.fileSystemType ?? fileSystemType,
    onName: (path) => files.look(path),
    onChange: (path) => files.changed(path),
  });
  discovery.start();
  files.begin();
  const saver = state && startPositionSaver(clock, files, positions, state, warn);
  const cancels = [
    clock.every(SWEEP_PERIOD_MS, () => files.sweep()),
    clock.every(TICK_PERIOD_MS, () => files.tick()),
    clock.every(POLL_PERIOD_MS, () => {
      if (discovery.polledDirectories > 0) files.poll((path) => discovery.isPolled(path));
    }),
  ];
  return {
    next: () => (isPaused ? undefined : files.queue.take()),
    pause: () => {
      isPaused = true;
    },
    resume: () => {
      isPaused = false;
      ports.onReady();
    },
    get isPaused() {
      return isPaused;
    },
    counters: () => countersOf(files, openFiles, discovery),
    save: async () => (await saver?.saveNow()) ?? true,
    async close() {
      for (const cancel of cancels) cancel();
      discovery.close();
      saver?.close();
      const isSaved = (await saver?.saveNow()) ?? true;
      files.close();
      state?.release();
      return isSaved;
    },
  };
}

function startPositionSaver(
  clock: Clock,
  files: FileSet,
  positions: Positions,
  state: StateDirectory,
  warn: (message: string) => void,
): Saver {
  let savedVersion = -1;
  return startSaver({
    clock,
    warn,
    collect: () => {
      const { version } = files;
      if (version === savedVersion) return undefined;
      const entries = [...files.all()].map((tailer) => tailer.entry()).filter((entry) => entry !== undefined);
      const collected = positions.collect(entries, clock.unixMs());
      if (!collected) return undefined;
      const saved = (): void => {
        collected.saved();
        savedVersion = version;
      };
      return { lines: collected.lines, saved };
    },
    save: (lines) => state.save(lines),
  });
}

/** What this process writes is not read by it: that would never end. */
function ownFilesLeftOut(
  selection: Selection,
  { stateDirectory, ownPaths = [], workingDirectory }: FollowOptions,
): Selection {
  const own = [...ownPaths, ...(stateDirectory === undefined ? [] : [stateDirectory])].map((path) =>
    posix.resolve(workingDirectory, path),
  );
  const isOwn = (path: string): boolean => own.some((one) => path === one || path.startsWith(`${one}/`));
  return {
    roots: selection.roots,
    selects: (path) => selection.selects(path) && !isOwn(path),
    mayHold: (directory) => selection.mayHold(directory) && !isOwn(directory),
  };
}

function kindOf(path: string): 'directory' | 'other' | undefined {
  const kind = lookupFacts(path)?.kind;
  return kind === 'file' ? 'other' : kind;
}
