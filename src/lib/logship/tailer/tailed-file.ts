import type { Clock } from '../../runtime/clock.ts';
import { lookupFacts, openFile, type OpenFile } from '../../runtime/file-handles.ts';
import { isErrno } from '../../runtime/files.ts';
import { HEAD_BYTES, headOf, NO_BYTES, tailOf } from './fingerprint.ts';
import type { Fingerprint } from './identity.ts';
import { isMarked, type Mark, markAfter, markAt, NO_MARK } from './mark.ts';
import type { FileUser, OpenFiles } from './open-files.ts';

/** A file that is read over a long time: opened when needed, closed when others need it more, and known by its bytes. */
export class TailedFile {
  readonly #clock: Clock;
  readonly #openFiles: OpenFiles;
  readonly #user: FileUser;
  #path: string;
  #key: string;
  #file: OpenFile | undefined;
  #head: Fingerprint = NO_BYTES;
  #mark: Mark = NO_MARK;
  #verifiedMs = Number.NEGATIVE_INFINITY;

  constructor(path: string, key: string, user: FileUser, clock: Clock, openFiles: OpenFiles) {
    this.#path = path;
    this.#key = key;
    this.#user = user;
    this.#clock = clock;
    this.#openFiles = openFiles;
  }

  get path(): string {
    return this.#path;
  }

  set path(path: string) {
    this.#path = path;
  }

  get key(): string {
    return this.#key;
  }

  get head(): Fingerprint {
    return this.#head;
  }

  /** The end of what has been read, and how it looked. */
  get mark(): Mark {
    return this.#mark;
  }

  get isOpen(): boolean {
    return this.#file !== undefined;
  }

  /** Undefined when the file is not under its name any more. Throws when the system refuses (EACCES, EMFILE). */
  open(): OpenFile | undefined {
    if (!this.#file) {
      const file = openWithin(this.#openFiles, this.#path);
      if (file?.facts().key === this.#key) this.use(file, this.#mark.offset);
      else file?.close();
    }
    if (this.#file) this.#openFiles.use(this.#user);
    return this.#file;
  }

  /** Takes a file that is open, read up to `offset`. */
  use(file: OpenFile, offset: number): void {
    this.#file = file;
    this.#key = file.facts().key;
    this.#openFiles.use(this.#user);
    if (this.#head === NO_BYTES) this.#head = headOf(file);
    if (this.#mark === NO_MARK && offset > 0) this.#mark = markAt(file, offset);
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
    this.#openFiles.forget(this.#user);
  }

  /** Closes it only if it can be opened again. */
  rest(): boolean {
    if (lookupFacts(this.#path)?.key !== this.#key) return false;
    this.#file?.close();
    this.#file = undefined;
    return true;
  }

  /** Whether what was read is still there; an answer of less than `periodMs` ago is good enough. */
  isIntact(file: OpenFile, periodMs: number): boolean {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#verifiedMs < periodMs) return true;
    if (file.facts().sizeBytes < this.#mark.offset || !isMarked(file, this.#mark)) return false;
    this.#verifiedMs = nowMs;
    return true;
  }

  noteRead(offset: number, bytes: Uint8Array): void {
    this.#mark = markAfter(this.#mark, offset, bytes);
    const { lengthBytes } = this.#head;
    if (this.#file && lengthBytes < HEAD_BYTES && lengthBytes < this.#mark.offset) this.#head = headOf(this.#file);
  }

  /** Takes in how the file begins by now, before any of it is read. */
  learnHead(): void {
    if (this.#file && this.#mark.offset === 0) this.#head = headOf(this.#file);
  }

  /** What the file is recognised by at an offset; undefined when it is gone, or holds other bytes by now. */
  fingerprints(offset: number): { head: Fingerprint; tail: Fingerprint } | undefined {
    const file = this.open();
    if (!file) return undefined;
    const head = this.#head.lengthBytes < HEAD_BYTES ? headOf(file) : this.#head;
    const tail = tailOf(file, offset);
    // Looked at last: then what was read before was of the same bytes.
    if (!this.isIntact(file, 0)) return undefined;
    this.#head = head;
    return { head, tail };
  }
}

/** Opens a file; when the system has no more to give, another one is closed for it. */
export function openWithin(openFiles: OpenFiles, path: string): OpenFile | undefined {
  try {
    return openFile(path);
  } catch (error) {
    if ((isErrno(error, 'EMFILE') || isErrno(error, 'ENFILE')) && openFiles.makeRoom()) return openFile(path);
    throw error;
  }
}
