import type { Cancel, Clock } from '../../runtime/clock.ts';
import { ChunkDice } from '../dice.ts';
import type { Dice, StreamAction, StreamMachine } from '../filter.ts';
import type { Held, InstalledFilter } from '../installed-filter.ts';
import type { Direction } from '../views.ts';
import { DUE_TOLERANCE_MS } from './hold.ts';
import type { QueueBudget } from './queue-budget.ts';

/** What runs through a lane: bytes, then how the sender ended. */
export type LaneItem = Buffer | 'end' | 'reset';

/** What a fault has put on a connection, shared by its two directions. */
export interface Mark {
  isTouched: boolean;
}

export interface StageOptions {
  readonly clock: Clock;
  readonly budget: QueueBudget;
  readonly by: InstalledFilter;
  readonly machine: StreamMachine | undefined;
  readonly direction: Direction;
  readonly dice: Dice;
  readonly mark: Mark;
  /** What goes on to the next stage, in order. */
  readonly pass: (stage: Stage, item: LaneItem) => void;
  /** The fault ends the connection, in order or by RST. */
  readonly cut: (by: InstalledFilter, how: 'close' | 'reset') => void;
}

interface Entry {
  /** `close` and `cut` are the fault's own; the others came from the sender. */
  readonly what: LaneItem | 'close' | 'cut';
  readonly arrivedMs: number;
  dueMs: number;
  /** It was due later, but the fault was taken away or changed. */
  isCutShort: boolean;
  readonly isDelayed: boolean;
  readonly isPaced: boolean;
}

/** Due only when the fault is taken away. */
const NEVER_MS = Infinity;

/**
 * One fault's queue in one direction of one connection. Each piece has its own due time, so that a delay costs time and not throughput; none
 * overtakes another.
 *
 *     arrived   a0  b1  c2                 jitter may draw c a shorter delay than b:
 *     due             a5      b9  c9       it then comes out right behind it
 *
 * When the fault is taken away everything that waits goes on at once, and from then on the stage only keeps its place until it is empty.
 */
export class Stage implements Held {
  readonly by: InstalledFilter;
  readonly #options: StageOptions;
  readonly #chunkDice: ChunkDice;
  #machine: StreamMachine | undefined;
  #queue: Entry[] = [];
  #queuedBytes = 0;
  #machineBytes = 0;
  #cancelTimer: Cancel | undefined;
  #cancelWake: Cancel | undefined;
  #arrivedMs = 0;
  #lastPassMs = 0;
  #disposed = false;
  #passing = false;

  constructor(options: StageOptions) {
    this.#options = options;
    this.by = options.by;
    this.#machine = options.machine;
    this.#chunkDice = new ChunkDice(options.dice, options.direction);
    options.by.held.add(this);
  }

  /** The fault begins to act; now, or when its window opens. */
  open(): void {
    const nowMs = this.#options.clock.monotonicMs();
    const waitMs = this.by.opensInMs(nowMs);
    if (waitMs === undefined) return;
    if (waitMs > 0) this.#wakeAfter(waitMs, () => this.#begin());
    else this.#begin();
  }

  get queuedBytes(): number {
    return this.#queuedBytes + this.#machineBytes;
  }

  get queuedPieces(): number {
    return this.#queue.length;
  }

  /** Whether it does nothing any more, and nothing waits in it. */
  get isIdle(): boolean {
    return this.#machine === undefined && this.#queue.length === 0;
  }

  push(item: LaneItem): void {
    const nowMs = this.#options.clock.monotonicMs();
    this.#arrivedMs = nowMs;
    const machine = this.#actingAt(nowMs);
    if (machine === undefined || item === 'reset') {
      this.#enqueue(item, nowMs);
      return;
    }
    if (item === 'end') this.#perform(machine.onEnd?.(nowMs) ?? [{ do: 'end', atMs: nowMs }], nowMs);
    else this.#perform(machine.onChunk(item, nowMs, this.#chunkDice.next()), nowMs);
  }

  /** Goes on with another machine, made from changed parameters; undefined: the fault does not act here any more. */
  retune(machine: (carried: unknown) => StreamMachine | undefined): void {
    const carried = this.#machine?.carry?.();
    this.#release();
    this.#machine = machine(carried);
    if (this.#queue.length > 0) this.#armTimer(0);
    if (this.#machine !== undefined) this.open();
  }

  /** The fault is taken away: what waits goes on in a turn of its own, as taking it away must return soon. */
  letGo(): void {
    const closes = this.#machine?.closesWhenRemoved === true && this.#options.mark.isTouched;
    this.#options.by.held.delete(this);
    this.#release();
    this.#machine = undefined;
    if (closes) this.#append('close', this.#options.clock.monotonicMs(), false, false);
    if (this.#queue.length > 0) this.#armTimer(0);
  }

  /** The connection is gone, and what waits with it. */
  dispose(): void {
    this.#disposed = true;
    this.#cancelTimer?.();
    this.#cancelWake?.();
    this.#options.by.held.delete(this);
    this.#options.budget.change(-this.queuedBytes);
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#machineBytes = 0;
  }

  /** The machine, while the fault's window is open. Once that has closed for good, what it kept goes on. */
  #actingAt(nowMs: number): StreamMachine | undefined {
    if (this.#machine === undefined || this.by.isOpenAt(nowMs)) return this.#machine;
    if (this.by.opensInMs(nowMs) === undefined) {
      this.#release();
      this.#machine = undefined;
      this.#passDue();
    }
    return undefined;
  }

  #begin(): void {
    const nowMs = this.#options.clock.monotonicMs();
    this.#arrivedMs = nowMs;
    if (this.#machine?.onOpen !== undefined) this.#perform(this.#machine.onOpen(nowMs), nowMs);
  }

  /** Drops what the fault itself had in mind; everything of the sender's is due. */
  #release(): void {
    this.#cancelWake?.();
    const nowMs = this.#options.clock.monotonicMs();
    const kept = this.#machine?.release?.() ?? [];
    this.#queue = this.#queue.filter(({ what }) => what !== 'close' && what !== 'cut');
    for (const entry of this.#queue) {
      entry.isCutShort = entry.dueMs > nowMs;
      entry.dueMs = Math.min(entry.dueMs, nowMs);
    }
    for (const bytes of kept) this.#append(bytes, nowMs, false, false);
    this.#noteMachineBytes(0);
  }

  #perform(actions: readonly StreamAction[], nowMs: number): void {
    for (const action of actions) {
      if (this.#disposed) return;
      this.#performOne(action, nowMs);
    }
    this.#noteMachineBytes(this.#machine?.queuedBytes ?? 0);
    this.#passDue();
  }

  #performOne(action: StreamAction, nowMs: number): void {
    const { account } = this.by;
    switch (action.do) {
      case 'pass':
        if (action.changed !== undefined) account.count('changedBytes', action.changed);
        if (action.delayed === true || action.paced === true || (action.changed ?? 0) > 0 || action.atMs > nowMs)
          this.#touch();
        this.#append(action.bytes, action.atMs, action.delayed === true, action.paced === true);
        return;
      case 'hold':
        this.#touch();
        this.#append(action.bytes, NEVER_MS, false, false);
        return;
      case 'drop':
        this.#touch();
        account.count('droppedBytes', action.bytes);
        account.count('droppedChunks');
        return;
      case 'end':
        if (action.delayed === true) this.#touch();
        this.#append('end', action.atMs, action.delayed === true, false);
        return;
      case 'close':
      case 'reset':
        this.#append(action.do === 'close' ? 'close' : 'cut', action.atMs, false, false);
        return;
      case 'wake':
        this.#wakeAfter(action.atMs - nowMs, () => this.#onWake());
    }
  }

  #onWake(): void {
    const nowMs = this.#options.clock.monotonicMs();
    const machine = this.#actingAt(nowMs);
    if (machine?.onTimer !== undefined) this.#perform(machine.onTimer(nowMs), nowMs);
  }

  #wakeAfter(delayMs: number, action: () => void): void {
    this.#cancelWake?.();
    this.#cancelWake = this.#options.clock.afterPrecisely(Math.max(0, delayMs), action);
  }

  #enqueue(item: LaneItem, nowMs: number): void {
    if (this.#queue.length === 0 && !this.#passing) this.#options.pass(this, item);
    else {
      this.#append(item, nowMs, false, false);
      this.#passDue();
    }
  }

  #append(what: Entry['what'], dueMs: number, isDelayed: boolean, isPaced: boolean): void {
    this.#queue.push({ what, arrivedMs: this.#arrivedMs, dueMs, isCutShort: false, isDelayed, isPaced });
    if (typeof what !== 'string') this.#changeBytes(what.length);
  }

  #passDue(): void {
    if (this.#passing || this.#disposed) return;
    this.#passing = true;
    try {
      const nowMs = this.#options.clock.monotonicMs();
      let passed = 0;
      for (const entry of this.#queue) {
        if (entry.dueMs - nowMs > DUE_TOLERANCE_MS) break;
        passed++;
      }
      for (const entry of this.#queue.splice(0, passed)) {
        if (!this.#isAlive()) return;
        this.#goOn(entry, nowMs);
      }
    } finally {
      this.#passing = false;
    }
    const next = this.#queue[0];
    if (next !== undefined && next.dueMs !== NEVER_MS) this.#armTimer(next.dueMs - this.#options.clock.monotonicMs());
  }

  /** A method, since what `pass` does may change the answer. */
  #isAlive(): boolean {
    return !this.#disposed;
  }

  #goOn({ what, arrivedMs, isCutShort, isDelayed, isPaced }: Entry, nowMs: number): void {
    const { account } = this.by;
    if (isDelayed) account.recordDelay(nowMs - arrivedMs, isCutShort);
    if (what === 'close' || what === 'cut') {
      this.#touch();
      account.count(what === 'close' ? 'closes' : 'resets');
      this.#options.cut(this.by, what === 'close' ? 'close' : 'reset');
      return;
    }
    if (typeof what !== 'string') {
      this.#changeBytes(-what.length);
      if (isPaced) account.recordPace(what.length, nowMs - Math.max(arrivedMs, this.#lastPassMs));
      this.#lastPassMs = nowMs;
    }
    this.#options.pass(this, what);
  }

  #touch(): void {
    if (this.#options.mark.isTouched) return;
    this.#options.mark.isTouched = true;
    this.by.account.touched++;
  }

  #changeBytes(by: number): void {
    this.#queuedBytes += by;
    this.#options.budget.change(by);
  }

  #noteMachineBytes(bytes: number): void {
    this.#options.budget.change(bytes - this.#machineBytes);
    this.#machineBytes = bytes;
  }

  #armTimer(delayMs: number): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#options.clock.afterPrecisely(delayMs, () => this.#passDue());
  }
}
