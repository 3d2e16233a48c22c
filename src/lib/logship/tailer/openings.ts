import { messageOf } from '../../errors/app-error.ts';
import { lookupFacts, type OpenFile } from '../../runtime/file-handles.ts';
import { CONTENT_LOOK_BYTES, contentKindOf } from '../discovery/content-kind.ts';
import type { FollowNote, SkipReason } from '../follow-options.ts';
import type { FileAccount } from './account.ts';
import { bytesOf } from './fingerprint.ts';
import type { OpenFiles } from './open-files.ts';
import { openWithin } from './tailed-file.ts';

export interface OpeningsPorts {
  readonly openFiles: OpenFiles;
  readonly account: FileAccount;
  readonly includeBinary: boolean;
  /** Keys of files that this process writes. */
  readonly ownKeys: ReadonlySet<string>;
  readonly tell: (note: FollowNote) => void;
}

/** As many names as files can be followed. */
const MAX_NAMES = 50_000;

const SKIP_NOTES: Readonly<Record<SkipReason, string>> = {
  binary: 'binary files are not followed',
  compressed: 'compressed files are not followed',
  own: 'what this process writes itself is not followed',
};

/** Opens files for the first time, and remembers which are not to be followed and which could not be opened. */
export class Openings {
  readonly #ports: OpeningsPorts;
  /** Names that are not followed, by the file they mean. */
  readonly #skipped = new Map<string, string>();
  readonly #refused = new Set<string>();
  readonly #warned = new Set<string>();

  constructor(ports: OpeningsPorts) {
    this.#ports = ports;
  }

  /** Names of files that could not be opened: worth another try. */
  get refused(): ReadonlySet<string> {
    return this.#refused;
  }

  /** Undefined when the file is not to be followed, or cannot be opened. */
  open(path: string): OpenFile | undefined {
    const key = lookupFacts(path)?.key ?? '';
    if (this.#skipped.get(path) === key) return undefined;
    this.#skipped.delete(path);
    this.#refused.delete(path);
    if (this.#ports.ownKeys.has(key)) {
      this.#skip(path, key, 'own');
      return undefined;
    }
    try {
      return openWithin(this.#ports.openFiles, path);
    } catch (error) {
      if (this.#refused.size < MAX_NAMES) this.#refused.add(path);
      const hint = 'join the group of the logs (often adm), or give the process CAP_DAC_READ_SEARCH';
      this.warnOnce(
        'open',
        `${path} and perhaps others cannot be opened, which is tried again: ${messageOf(error)}; ${hint}`,
      );
      return undefined;
    }
  }

  /** Whether what a file begins with is to be followed; if not, its name is remembered. */
  isWanted(path: string, key: string, file: OpenFile): boolean {
    if (this.#ports.includeBinary) return true;
    const kind = contentKindOf(bytesOf(file, 0, CONTENT_LOOK_BYTES));
    if (kind !== 'text') this.#skip(path, key, kind);
    return kind === 'text';
  }

  warnOnce(about: string, message: string): void {
    if (this.#warned.has(about)) return;
    this.#warned.add(about);
    this.#ports.tell({ level: 'warning', message });
  }

  #skip(path: string, key: string, reason: SkipReason): void {
    if (this.#skipped.size < MAX_NAMES) this.#skipped.set(path, key);
    this.#ports.account.skippedFiles[reason]++;
    if (this.#warned.has(reason)) return;
    this.#warned.add(reason);
    this.#ports.tell({ level: 'info', message: `${SKIP_NOTES[reason]}: ${path} and perhaps others` });
  }
}
