import { posix } from 'node:path';
import type { OpenFile } from '../../runtime/file-handles.ts';
import type { CheckpointEntry } from '../checkpoint/entry.ts';
import type { FollowNote } from '../follow-options.ts';
import type { FileAccount } from './account.ts';
import { findCopy, findNameOf, type FoundCopy } from './copies.ts';
import { beginsWith, hasBefore } from './fingerprint.ts';
import { isMarked } from './mark.ts';
import type { OpenFiles } from './open-files.ts';
import type { ReadyQueue } from './ready-queue.ts';
import type { TailerRegistry } from './registry.ts';
import { hasMore, type LossReason } from './tailer-state.ts';
import type { Tailer } from './tailer.ts';

export interface RotationsPorts {
  readonly registry: TailerRegistry;
  readonly queue: ReadyQueue;
  readonly account: FileAccount;
  readonly openFiles: OpenFiles;
  readonly selects: (path: string) => boolean;
  readonly tell: (note: FollowNote) => void;
  readonly onReady: (tailer: Tailer) => void;
  /** It is on its way out. */
  readonly onDraining: (tailer: Tailer) => void;
}

/** What becomes of a stream when its file is renamed, deleted, or emptied. */
export class Rotations {
  readonly #ports: RotationsPorts;
  /** The file that had a name before the present one. */
  readonly #elders = new Map<string, Tailer>();

  constructor(ports: RotationsPorts) {
    this.#ports = ports;
  }

  /** Has a new file wait for those that had its name before. */
  putInOrder(tailer: Tailer): void {
    const elder = this.#elders.get(tailer.path);
    if (!elder || elder === tailer) return;
    if (elder.isOpen) elder.look();
    this.#ports.queue.putAfter(tailer, elder);
  }

  /** Its name does not lead to its file any more. */
  lostName(tailer: Tailer): void {
    this.#ports.registry.unname(tailer);
    if (tailer.state.kind === 'draining') tailer.look();
    if (tailer.state.kind === 'draining' || tailer.state.kind === 'done') return;
    const isDeleted = tailer.isOpen && tailer.open()?.facts().links === 0;
    const path = isDeleted ? undefined : findNameOf(tailer.key, posix.dirname(tailer.path));
    if (path !== undefined) this.renamed(tailer, path);
    else if (tailer.isOpen) this.drain(tailer, isDeleted ? 'deleted' : 'renamed');
    else this.#vanished(tailer);
  }

  /** Its file is found under another name. */
  renamed(tailer: Tailer, path: string): void {
    const { registry, selects, onReady } = this.#ports;
    const before = registry.lookupPath(path);
    registry.unname(tailer);
    if (tailer.state.kind !== 'draining') this.drain(tailer, 'renamed');
    tailer.foundAt(path, selects(path));
    registry.add(tailer);
    tailer.look();
    if (before && before !== tailer) this.lostName(before);
    if (hasMore(tailer.state)) onReady(tailer);
  }

  /** Reads it to its end, and leaves it. */
  drain(tailer: Tailer, why: LossReason): void {
    this.#ports.account.rotations++;
    tailer.lostName(why);
    this.#ports.onDraining(tailer);
    // Those that come after it wait for all that it holds now.
    if (tailer.isOpen) tailer.look();
    this.#elders.set(tailer.path, tailer);
    const younger = this.#ports.registry.lookupPath(tailer.path);
    if (younger && younger !== tailer) this.#ports.queue.putAfter(younger, tailer);
    if (hasMore(tailer.state)) this.#ports.onReady(tailer);
  }

  /** Goes on in the copy of an emptied file if there is one; else what was not read is lost. */
  truncated(tailer: Tailer): void {
    const { account, tell } = this.#ports;
    const { path, mark, head } = tailer;
    account.truncations++;
    const isKnown = head.lengthBytes > 0 && tailer.state.kind !== 'draining';
    const copy = isKnown
      ? this.#findFreeCopy(path, (file) => beginsWith(file, head) && isMarked(file, mark))
      : undefined;
    if (copy) {
      this.#moveTo(tailer, copy);
      return;
    }
    const bytes = tailer.unframedBytes;
    tailer.finish('truncated');
    if (bytes === 0) return;
    account.drop('truncated', { bytes, lines: 0 });
    tell({ level: 'warning', message: `${path} was truncated before ${bytes} bytes of it were read` });
  }

  /** The copy in which a stream of an earlier run goes on; the caller closes it. */
  findCopyOf({ path, offset, head, tail }: CheckpointEntry): FoundCopy | undefined {
    if (offset === 0) return undefined;
    return this.#findFreeCopy(path, (file) => beginsWith(file, head) && hasBefore(file, offset, tail));
  }

  /** Forgets a tailer that is done. */
  forget(tailer: Tailer): void {
    for (const [path, elder] of this.#elders) if (elder === tailer) this.#elders.delete(path);
  }

  /** A copy of which nothing has been handed out as a file of its own. */
  #findFreeCopy(path: string, matches: (file: OpenFile) => boolean): FoundCopy | undefined {
    const isFree = (key: string): boolean => {
      const owner = this.#ports.registry.lookupKey(key);
      // A copy may have been written over an earlier one, whose stream has ended by that.
      owner?.verify();
      return owner === undefined || owner.state.kind === 'done' || owner.isUntouched;
    };
    return findCopy(path, this.#ports.openFiles, (file) => isFree(file.facts().key) && matches(file));
  }

  #moveTo(tailer: Tailer, copy: FoundCopy): void {
    const { registry, selects, tell } = this.#ports;
    registry.lookupKey(copy.file.facts().key)?.finish('skipped');
    registry.remove(tailer);
    this.#ports.account.rotations++;
    this.#elders.set(tailer.path, tailer);
    tailer.moveTo(copy.path, copy.file, selects(copy.path));
    registry.add(tailer);
    this.#ports.onDraining(tailer);
    tell({
      level: 'info',
      message: `${tailer.source} was copied to ${copy.path} and truncated; the rest of it is read there`,
    });
    if (hasMore(tailer.state)) this.#ports.onReady(tailer);
  }

  #vanished(tailer: Tailer): void {
    const bytes = tailer.unframedBytes;
    tailer.finish('vanished');
    if (bytes === 0) return;
    this.#ports.account.drop('vanished', { bytes, lines: 0 });
    const why = 'was deleted while it was closed for want of open files';
    this.#ports.tell({
      level: 'warning',
      message: `${tailer.path} ${why}: ${bytes} bytes are lost; raise \`ulimit -n\``,
    });
  }
}
