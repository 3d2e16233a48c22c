import type { StreamAction, StreamMachine } from '../filter.ts';
import { KeptBytes } from './kept-bytes.ts';
import type { RateLine } from './rate-line.ts';

/** So much goes on at a time: short enough to flow smoothly, long enough to be few. */
const PIECE_MS = 20;
/** Small chunks that make one piece together; each is an action. */
const MAX_CHUNKS = 62;
/** How far a line that was never idle may make up for a late timer. */
const CATCH_UP_MS = 100;

/**
 * Bytes go on at the rate of a line, piece by piece. Only the piece that is under way has its time; the others are kept until it is through,
 * so that connections that share the line take turns, and one that is closed takes none of the others' time.
 *
 *     kept  [c b a]──▶ piece reserves the line ──▶ passes when its last byte has arrived ──▶ next piece
 *
 * An idle line sends nothing ahead: even the first piece takes its time, and there is no burst.
 */
export class PacedMachine implements StreamMachine {
  readonly #line: RateLine;
  readonly #pieceBytes: number;
  readonly #kept = new KeptBytes();
  /** When what is under way has passed. */
  #busyUntilMs = 0;
  #isWaking = false;
  #hasEnded = false;

  constructor(line: RateLine, bytesPerSecond: number) {
    this.#line = line;
    this.#pieceBytes = Math.max(1, Math.floor((bytesPerSecond * PIECE_MS) / 1000));
  }

  get queuedBytes(): number {
    return this.#kept.bytes;
  }

  onChunk(chunk: Buffer, nowMs: number): readonly StreamAction[] {
    this.#kept.push(chunk);
    if (this.#isWaking || this.#kept.bytes === 0) return [];
    return nowMs < this.#busyUntilMs ? [this.#wake()] : this.#send(nowMs);
  }

  onEnd(nowMs: number): readonly StreamAction[] {
    this.#hasEnded = true;
    return this.#kept.bytes > 0 ? [] : [{ do: 'end', atMs: nowMs }];
  }

  onTimer(nowMs: number): readonly StreamAction[] {
    this.#isWaking = false;
    return this.#kept.bytes > 0 ? this.#send(nowMs - CATCH_UP_MS) : [];
  }

  release(): readonly (Buffer | 'end')[] {
    const end = this.#hasEnded && this.#kept.bytes > 0 ? (['end'] as const) : [];
    return [...this.#kept.takeAll(), ...end];
  }

  #send(notBeforeMs: number): readonly StreamAction[] {
    const actions: StreamAction[] = [];
    let leftBytes = this.#pieceBytes;
    while (leftBytes > 0 && this.#kept.bytes > 0 && actions.length < MAX_CHUNKS) {
      const bytes = this.#kept.take(leftBytes);
      leftBytes -= bytes.length;
      this.#busyUntilMs = this.#line.reserve(bytes.length, notBeforeMs);
      actions.push({ do: 'pass', bytes, atMs: this.#busyUntilMs, paced: true });
    }
    if (this.#kept.bytes > 0) actions.push(this.#wake());
    else if (this.#hasEnded) actions.push({ do: 'end', atMs: this.#busyUntilMs });
    return actions;
  }

  #wake(): StreamAction {
    this.#isWaking = true;
    return { do: 'wake', atMs: this.#busyUntilMs };
  }
}
