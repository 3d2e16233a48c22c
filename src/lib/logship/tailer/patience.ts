import type { Clock } from '../../runtime/clock.ts';
import type { LossReason } from './tailer-state.ts';
import { trailingNulBytes } from './read-span.ts';

/** Whoever writes to a file that was renamed has mostly been told by then to open a new one: logrotate does so within a second or two. */
const RENAMED_QUIET_MS = 30_000;
/** A deleted file holds its disk space: it is let go soon. */
const DELETED_QUIET_MS = 2_000;

/** How long a tailer waits: for the rest of a line, for bytes that are still under way, for a last writer. */
export class Patience {
  readonly #clock: Clock;
  readonly #partialTimeoutMs: number;
  /** When the file was last seen to grow, or lost its name. */
  #stirredMs: number;
  #nulsSinceMs: number | undefined;

  constructor(clock: Clock, partialTimeoutMs: number) {
    this.#clock = clock;
    this.#partialTimeoutMs = partialTimeoutMs;
    this.#stirredMs = clock.monotonicMs();
  }

  /** Something happened: the waiting begins anew. */
  stir(): void {
    this.#stirredMs = this.#clock.monotonicMs();
  }

  /** Whether the rest of an incomplete line has been waited for long enough. */
  isOverForLine(loss: LossReason | undefined): boolean {
    return this.#quietMs() >= Math.min(this.#partialTimeoutMs, quietLimitMs(loss));
  }

  /** Whether nobody is likely to write to the file any more. */
  isOverForFile(loss: LossReason | undefined): boolean {
    return this.#quietMs() >= quietLimitMs(loss);
  }

  /**
   * How many of the last bytes of a file to leave for later. NULs at the end may be bytes that have not arrived from a server yet; they are
   * waited for as long as for the rest of a line.
   */
  withheldBytes(bytes: Uint8Array): number {
    const nuls = trailingNulBytes(bytes);
    const nowMs = this.#clock.monotonicMs();
    this.#nulsSinceMs = nuls === 0 ? undefined : (this.#nulsSinceMs ?? nowMs);
    return nowMs - (this.#nulsSinceMs ?? nowMs) >= this.#partialTimeoutMs ? 0 : nuls;
  }

  #quietMs(): number {
    return this.#clock.monotonicMs() - this.#stirredMs;
  }
}

function quietLimitMs(loss: LossReason | undefined): number {
  switch (loss) {
    case 'renamed':
      return RENAMED_QUIET_MS;
    case 'deleted':
      return DELETED_QUIET_MS;
    case undefined:
      return Number.POSITIVE_INFINITY;
  }
}
