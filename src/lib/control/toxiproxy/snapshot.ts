import { join } from 'node:path';
import { z } from 'zod';
import { messageOf } from '../../errors/app-error.ts';
import type { Address } from '../../proxy/listen-options.ts';
import type { Cancel, Clock } from '../../runtime/clock.ts';
import { exists, listNames, lookupText, makeDirectory, remove, rename, writeText } from '../../runtime/files.ts';
import { bootId, isAlive, type ProcessRef } from '../../runtime/processes.ts';
import { parseGoJson } from './go-json-reader.ts';
import { formatGoJson, plainJson, type GoJson, type GoWritable } from './go-json.ts';

/**
 * What is in force, in a file: when the process is killed its faults are gone with it, and the next one can say which, or bring them back. The file
 * is always whole: it is written beside and moved into place. It survives the process and not a crash of the machine, for which nothing waits.
 *
 *     STATE/proxy-api/127.0.0.1-8474.PID.json
 */
const FOLDER = 'proxy-api';
const SUFFIX = '.json';
/** The names of upstreams and the headers that are matched may be nobody else's business. */
const FOLDER_MODE = 0o700;
/**
 * Writing takes at most this share of the time: one edit is written at once, before it is answered, and of ten thousand in a row as many as do no
 * harm.
 */
const WRITING_SHARE = 1 / 4;
/** But nothing waits longer than this; a kill within it finds the last edit forgotten. */
const MAX_WAIT_MS = 50;

const headerSchema = z.object({
  format: z.literal(1),
  process: z.object({ pid: z.int(), startTicks: z.int() }),
  boot: z.string(),
  api: z.string(),
  sinceUnixMs: z.number(),
  seed: z.int(),
});

/** Who wrote a snapshot, and when its process began to serve. */
export type SnapshotHeader = z.output<typeof headerSchema>;

/** The snapshot of another process. */
export interface FoundSnapshot {
  readonly path: string;
  readonly header: SnapshotHeader;
  readonly isAlive: boolean;
  readonly proxies: GoJson;
}

/** The snapshots that there are for an address of the API, newest first. What cannot be read is set aside, and `onDamaged` hears of it. */
export function findSnapshots(
  stateDirectory: string,
  api: Address,
  onDamaged: (path: string, why: string) => void,
): FoundSnapshot[] {
  const folder = join(stateDirectory, FOLDER);
  if (!exists(folder)) return [];
  const paths = listNames(folder)
    .filter((name) => name.startsWith(`${keyOf(api)}.`) && name.endsWith(SUFFIX))
    .map((name) => join(folder, name));
  return paths
    .flatMap((path) => readSnapshot(path, onDamaged))
    .sort((one, other) => other.header.sinceUnixMs - one.header.sinceUnixMs);
}

function readSnapshot(path: string, onDamaged: (path: string, why: string) => void): FoundSnapshot[] {
  const text = lookupText(path);
  if (text === undefined) return [];
  const parsed = parseGoJson(text);
  if (parsed.ok && parsed.value.type === 'object') {
    const header = headerSchema.safeParse(plainJson(parsed.value));
    const proxies = parsed.value.members.find(([name]) => name === 'proxies')?.[1];
    if (header.success && proxies !== undefined) {
      const { process, boot } = header.data;
      return [{ path, header: header.data, isAlive: boot === bootId() && isAlive(process), proxies }];
    }
  }
  rename(path, `${path}.damaged`);
  onDamaged(`${path}.damaged`, parsed.ok ? 'it is no snapshot' : parsed.message);
  return [];
}

function keyOf({ host, port }: Address): string {
  return `${host.replaceAll(':', '_')}-${port}`;
}

export interface SnapshotOptions {
  readonly clock: Clock;
  readonly stateDirectory: string;
  /** As asked for: another start with the same wish finds the file. */
  readonly api: Address;
  readonly header: SnapshotHeader;
  readonly proxies: () => GoWritable;
  readonly onNote: (text: string) => void;
}

/** Keeps the file of this process. What goes wrong with it is noted once, and hinders nothing. */
export class Snapshot {
  readonly #options: SnapshotOptions;
  readonly path: string;
  #notBeforeMs = -Infinity;
  #cancel: Cancel | undefined;
  #isFailing = false;
  #isOver = false;

  constructor(options: SnapshotOptions) {
    this.#options = options;
    const { stateDirectory, api, header } = options;
    this.path = join(stateDirectory, FOLDER, `${keyOf(api)}.${header.process.pid}${SUFFIX}`);
  }

  /** To be called at every change: writes now, or soon when it has just been written. */
  changed(): void {
    if (this.#cancel !== undefined || this.#isOver) return;
    const waitMs = this.#notBeforeMs - this.#options.clock.monotonicMs();
    if (waitMs <= 0) this.#write();
    else {
      this.#cancel = this.#options.clock.after(waitMs, () => {
        this.#cancel = undefined;
        this.#write();
      });
    }
  }

  /** Writes what has not been written yet, and no more from then on. */
  end(): void {
    if (this.#cancel !== undefined) this.#write();
    this.#cancel?.();
    this.#isOver = true;
  }

  /** For an end in order, when nothing is in force any more. */
  remove(): void {
    remove(this.path);
  }

  #write(): void {
    const { clock, stateDirectory, header, proxies, onNote } = this.#options;
    const startedMs = clock.monotonicMs();
    try {
      makeDirectory(join(stateDirectory, FOLDER), FOLDER_MODE);
      writeText(`${this.path}.tmp`, `${formatGoJson({ ...header, proxies: proxies() })}\n`);
      rename(`${this.path}.tmp`, this.path);
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) onNote(`what is in force cannot be kept in ${this.path}: ${messageOf(error)}`);
      this.#isFailing = true;
    }
    const endedMs = clock.monotonicMs();
    this.#notBeforeMs = endedMs + Math.min(MAX_WAIT_MS, (endedMs - startedMs) * (1 / WRITING_SHARE - 1));
  }
}

/** The header of this process's file. */
export function createHeader(
  process: ProcessRef,
  more: Pick<SnapshotHeader, 'api' | 'sinceUnixMs' | 'seed'>,
): SnapshotHeader {
  return { format: 1, process, boot: bootId(), ...more };
}
