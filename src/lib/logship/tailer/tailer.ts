import { messageOf } from '../../errors/app-error.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { FileFacts, OpenFile } from '../../runtime/file-handles.ts';
import type { CheckpointEntry } from '../checkpoint/entry.ts';
import { AckedRanges } from './acked-ranges.ts';
import { HEAD_BYTES } from './fingerprint.ts';
import type { Fingerprint } from './identity.ts';
import type { Mark } from './mark.ts';
import type { FileUser, OpenFiles } from './open-files.ts';
import { Patience } from './patience.ts';
import type { ReadResult } from './read-result.ts';
import { readSpanBytes } from './read-span.ts';
import { TailedFile } from './tailed-file.ts';
import type { TailerStart } from './tailer-start.ts';
import {
  type DoneReason,
  hasMore,
  type LossReason,
  nextState,
  type TailerEvent,
  type TailerState,
} from './tailer-state.ts';
import { countUnread, type Unread } from './unread.ts';

export interface TailerPorts {
  readonly clock: Clock;
  readonly openFiles: OpenFiles;
  /** How long the rest of a line is waited for. */
  readonly partialTimeoutMs: number;
  /** There is something to read. */
  readonly onReady: (tailer: Tailer) => void;
  /** What was read is no longer in the file: either the tailer is moved to where it is now, or finished. */
  readonly onTruncated: (tailer: Tailer) => void;
  readonly onDone: (tailer: Tailer) => void;
  /** What is to be stored of it has changed. */
  readonly onProgress: () => void;
}

/** While reading goes on, between two looks whether what was read is still there: in less time no file is written anew up to there. */
const VERIFY_PERIOD_MS = 20;
const NEWLINE = 0x0a;

/**
 * One stream of bytes: a file, from the first of its bytes that is asked for until it is truncated or nobody has its name any more.
 *
 *     0 ───────▶ acked ─────▶ framed ─────▶ position ─────▶ end
 *       delivered     in flight    begun lines     not read yet
 */
export class Tailer implements FileUser {
  readonly id: string;
  readonly source: string;
  readonly generation: number;
  readonly bornUnixNs: bigint;
  readonly #ports: TailerPorts;
  readonly #file: TailedFile;
  readonly #patience: Patience;
  readonly #acked: AckedRanges;
  #state: TailerState = { kind: 'waiting' };
  #position: number;
  #framed: number;
  #end: number;
  #furthestEnd: number;
  #modifiedUnixNs = 0n;
  /** How much the last read had room for. */
  #roomBytes = 0;
  #isFlushDue = false;
  /** Whether it has changed since it was read last. */
  #hasStirred = false;
  #isMidLine = false;
  #entry: CheckpointEntry | undefined;

  /** The file must be open already when it has no name any more. */
  constructor(start: TailerStart, ports: TailerPorts, file?: OpenFile) {
    const { id, path, source, generation, offset, facts } = start;
    this.id = id;
    this.source = source;
    this.generation = generation;
    this.bornUnixNs = facts.bornUnixNs;
    this.#ports = ports;
    this.#file = new TailedFile(path, facts.key, this, ports.clock, ports.openFiles);
    this.#patience = new Patience(ports.clock, ports.partialTimeoutMs);
    this.#acked = new AckedRanges(offset);
    this.#position = this.#framed = this.#end = this.#furthestEnd = offset;
    if (!file) return;
    this.#file.use(file, offset);
    this.#isMidLine = offset > 0 && !this.#endsLine();
  }

  get path(): string {
    return this.#file.path;
  }

  /** `device:inode`. */
  get key(): string {
    return this.#file.key;
  }

  get state(): TailerState {
    return this.#state;
  }

  /** Where the next read begins. */
  get position(): number {
    return this.#position;
  }

  /** How long the file is, as far as is known. */
  get end(): number {
    return this.#end;
  }

  /** How many bytes are lost with it when it is truncated, at least. */
  get unframedBytes(): number {
    return Math.max(0, this.#furthestEnd - this.#framed);
  }

  get framedTo(): number {
    return this.#framed;
  }

  get ackedTo(): number {
    return this.#acked.end;
  }

  /** Whether nothing of it has been handed out. */
  get isUntouched(): boolean {
    return this.#state.kind === 'held' || (this.#position === 0 && this.#framed === 0);
  }

  get isOpen(): boolean {
    return this.#file.isOpen;
  }

  get head(): Fingerprint {
    return this.#file.head;
  }

  /** The end of what has been read, and how it looked. */
  get mark(): Mark {
    return this.#file.mark;
  }

  /** Whether time alone may change something: a line that is not complete, a file on its way out. */
  get isTimed(): boolean {
    if (this.#state.kind === 'done') return false;
    return this.#state.kind === 'draining' || this.#end > this.#framed;
  }

  /** Takes in how the file begins, so that a copy of it can be told before any of it has been read. */
  learnHead(): void {
    this.#file.learnHead();
  }

  /** The file if it is open, or can be opened. Throws when the system refuses to. */
  open(): OpenFile | undefined {
    return this.#state.kind === 'done' ? undefined : this.#file.open();
  }

  /**
   * Reads what comes next to the beginning of the target, at most `limitBytes`, so that the read after it begins at a page boundary. What was
   * read has then to be framed, or is read again after `unread`.
   */
  readInto(target: Uint8Array, limitBytes: number): ReadResult {
    if (this.#state.kind === 'done') return { kind: 'ended' };
    if (this.#state.kind === 'held') return { kind: 'idle' };
    try {
      return this.#read(target.subarray(0, limitBytes));
    } catch (error) {
      this.#giveWay();
      return { kind: 'failed', message: messageOf(error) };
    }
  }

  /** Says that all lines before `to` have been framed. */
  framed(to: number): void {
    if (to < this.#framed || to > this.#position) {
      throw new Error(`framed up to ${to}, not between ${this.#framed} and ${this.#position} of ${this.path}`);
    }
    if (to > this.#framed) this.#isMidLine = to === this.mark.offset && !this.#endsLine();
    this.#framed = to;
  }

  /**
   * Says that nobody keeps what was read but not framed: it is read again, together with what comes after it. A line that is longer than what
   * is read at once has to be kept.
   */
  unread(): void {
    if (this.#position > this.#framed && this.#position - this.#framed === this.#roomBytes) {
      throw new Error(
        `nothing of ${this.#position - this.#framed} bytes of ${this.path} was framed: read again, they would be the same`,
      );
    }
    this.#position = this.#framed;
  }

  /** Says that the sink has taken these bytes; in any order. */
  acked(from: number, to: number): void {
    this.#acked.add(from, to);
    this.#ports.onProgress();
  }

  /** Compares with what the file system says now. */
  seen({ sizeBytes, modifiedUnixNs }: FileFacts): void {
    if (this.#state.kind === 'done') return;
    if (sizeBytes === this.#end && modifiedUnixNs === this.#modifiedUnixNs) return;
    const hasGrown = sizeBytes > this.#end;
    if (hasGrown) this.#stir();
    this.#hasStirred = true;
    this.#end = sizeBytes;
    this.#furthestEnd = Math.max(this.#furthestEnd, sizeBytes);
    this.#modifiedUnixNs = modifiedUnixNs;
    if (sizeBytes < this.mark.offset) this.#ports.onTruncated(this);
    else if (hasGrown) this.#ready();
    else if (!hasMore(this.#state)) this.verify();
  }

  /** Looks at the file itself, whatever became of its name. */
  look(): void {
    const facts = this.#lookupFile()?.facts();
    if (!facts) return;
    if (facts.links === 0 && this.#state.kind === 'draining' && this.#state.why === 'renamed') this.lostName('deleted');
    this.seen(facts);
  }

  /** Looks whether what was read is still there, without waiting for a sign that it is not. */
  verify(): void {
    if (this.#state.kind === 'done') return;
    const file = this.#lookupFile();
    if (file && !this.#file.isIntact(file, 0)) this.#ports.onTruncated(this);
  }

  /** Lets time pass: lines that stay incomplete are flushed, files that nobody writes to any more are left. */
  tick(): void {
    if (this.#state.kind === 'draining' && this.#file.isOpen) this.look();
    if (hasMore(this.#state) || this.#state.kind === 'done') return;
    const loss = this.#state.kind === 'draining' ? this.#state.why : undefined;
    if (this.#end > this.#framed) {
      this.#isFlushDue = this.#patience.isOverForLine(loss);
      if (this.#isFlushDue) this.#ready();
    } else if (this.#acked.end >= this.#framed && this.#patience.isOverForFile(loss)) {
      this.finish('drained');
    }
  }

  /** The file has another name, or none; it is read to its end all the same. */
  lostName(why: LossReason): void {
    this.#stir();
    this.#advance({ kind: 'name-lost', why });
  }

  /** The file is where it can be opened again; whether that is a name that is asked for. */
  foundAt(path: string, isSelected: boolean): void {
    this.#file.path = path;
    this.#entry = undefined;
    this.#ports.onProgress();
    if (isSelected) this.#advance({ kind: 'name-found' });
  }

  hold(): void {
    this.#advance({ kind: 'held' });
  }

  release(): void {
    this.#advance({ kind: 'released' });
    if (hasMore(this.#state)) this.#ports.onReady(this);
  }

  /** Goes on in another file that holds the same bytes up to what was read. */
  moveTo(path: string, file: OpenFile, isSelected: boolean): void {
    this.#file.close();
    this.#file.use(file, this.#position);
    this.#end = this.#position;
    this.#modifiedUnixNs = 0n;
    this.lostName('renamed');
    this.foundAt(path, isSelected);
    this.look();
  }

  /** How much is given up when no more of it is read: from the first line that was not framed. */
  countUnread(): Unread {
    const file = this.open();
    return file ? countUnread(file, this.#framed) : { bytes: Math.max(0, this.#end - this.#framed), lines: 0 };
  }

  finish(why: DoneReason): void {
    if (this.#state.kind === 'done') return;
    if (why !== 'truncated') this.entry();
    this.#file.close();
    this.#advance({ kind: 'finished', why });
    this.#ports.onDone(this);
  }

  /** What is to be stored of it; as it was before, when the file has been truncated since. */
  entry(): CheckpointEntry | undefined {
    const offset = this.#acked.end;
    const isWhole = this.head.lengthBytes === HEAD_BYTES || this.head.lengthBytes === this.#end;
    if (this.#entry?.offset === offset && this.#entry.head === this.head && isWhole) return this.#entry;
    try {
      const prints = this.#state.kind === 'done' ? undefined : this.#file.fingerprints(offset);
      if (prints) this.#entry = this.#entryAt(offset, prints);
    } catch {
      // It cannot be read now; what was known of it before still holds.
    }
    return this.#entry;
  }

  rest(): boolean {
    if (this.#state.kind !== 'waiting' && this.#state.kind !== 'reading') return false;
    this.entry();
    return this.#file.rest();
  }

  #read(target: Uint8Array): ReadResult {
    const file = this.#file.open();
    if (!file) {
      this.#giveWay();
      return { kind: 'idle' };
    }
    if (!this.#file.isIntact(file, this.#hasStirred ? 0 : VERIFY_PERIOD_MS)) {
      this.#ports.onTruncated(this);
      return this.#state.kind === 'done' ? { kind: 'ended' } : { kind: 'idle' };
    }
    this.#hasStirred = false;
    const offset = this.#position;
    this.#roomBytes = target.length;
    const spanBytes = readSpanBytes(offset, target.length, this.mark.offset);
    const got = target.subarray(0, file.readAt(target.subarray(0, spanBytes), offset));
    const isAtEnd = got.length < spanBytes;
    const lengthBytes = got.length - (isAtEnd ? this.#patience.withheldBytes(got) : 0);
    this.#noteRead(got, lengthBytes);
    const flush = isAtEnd && this.#isFlushDue && this.#position > this.#framed;
    this.#afterRead(isAtEnd);
    if (lengthBytes === 0 && !flush) return { kind: 'idle' };
    return { kind: 'bytes', offset, lengthBytes, flush, continuesLine: this.#isMidLine && offset === this.#framed };
  }

  #noteRead(got: Uint8Array, lengthBytes: number): void {
    const seenTo = this.#position + got.length;
    this.#file.noteRead(this.#position, got.subarray(0, lengthBytes));
    this.#position += lengthBytes;
    if (seenTo <= this.#end) return;
    this.#end = seenTo;
    this.#furthestEnd = Math.max(this.#furthestEnd, seenTo);
    this.#stir();
  }

  #afterRead(isAtEnd: boolean): void {
    if (isAtEnd) {
      this.#isFlushDue = false;
      this.#advance({ kind: 'end-reached' });
    } else {
      this.#ports.onReady(this);
    }
  }

  /** It cannot be read now. Whoever sees it next sees that it is longer than what is known, and it is read then. */
  #giveWay(): void {
    this.#end = this.#position;
    this.#modifiedUnixNs = 0n;
    this.#advance({ kind: 'end-reached' });
  }

  /** Undefined also when the system refuses to open it: then it is looked at later. */
  #lookupFile(): OpenFile | undefined {
    try {
      return this.#file.open();
    } catch {
      return undefined;
    }
  }

  #ready(): void {
    this.#advance({ kind: 'grown' });
    if (this.#state.kind !== 'held') this.#ports.onReady(this);
  }

  #stir(): void {
    this.#patience.stir();
    this.#isFlushDue = false;
  }

  #endsLine(): boolean {
    return this.mark.bytes.at(-1) === NEWLINE;
  }

  #advance(event: TailerEvent): void {
    this.#state = nextState(this.#state, event);
  }

  #entryAt(offset: number, { head, tail }: { head: Fingerprint; tail: Fingerprint }): CheckpointEntry {
    const { id, path, source, key, generation } = this;
    return { id, path, source, key, bornUnixNs: String(this.bornUnixNs), generation, offset, head, tail };
  }
}
