import type { Clock } from '../../runtime/clock.ts';
import type { Dice, StreamMachine } from '../filter.ts';
import type { InstalledFilter } from '../installed-filter.ts';
import type { Direction } from '../views.ts';
import type { QueueBudget } from './queue-budget.ts';
import { Stage, type LaneItem, type Mark } from './stage.ts';

/** Who stands at both ends of a lane. */
export interface LaneOwner {
  /** What comes out, in order. False when the sink is full and `onDrain` will be called. */
  onLaneItem(direction: Direction, item: LaneItem): boolean;
  /** There is, or is no longer, room for more. */
  onLaneFull(direction: Direction, isFull: boolean): void;
  /** A fault ends the connection. */
  onLaneCut(by: InstalledFilter, how: 'close' | 'reset'): void;
}

export interface LaneOptions {
  readonly clock: Clock;
  readonly budget: QueueBudget;
  readonly direction: Direction;
  readonly owner: LaneOwner;
}

/**
 * One direction of a connection under faults: bytes go through the stage of each, then to the sink.
 *
 *     source ──▶ stage of A ──▶ stage of B ──▶ sink
 *
 * Its owner makes one only when a fault needs it.
 */
export class Lane {
  readonly #options: LaneOptions;
  #stages: readonly Stage[] = [];
  #sinkFull = false;
  #isFull = false;
  #endsUnderWay = 0;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  /** A fault begins to act here, behind those that do already. */
  add(by: InstalledFilter, machine: StreamMachine, dice: Dice, mark: Mark): void {
    const { clock, budget, direction, owner } = this.#options;
    const stage = new Stage({
      clock,
      budget,
      by,
      machine,
      direction,
      dice,
      mark,
      pass: (from, item) => this.#leave(from, item),
      cut: (filter, how) => owner.onLaneCut(filter, how),
    });
    this.#stages = [...this.#stages, stage];
    stage.open();
  }

  /** The fault has other parameters; false when it has no stage here. */
  retune(by: InstalledFilter, machine: (carried: unknown) => StreamMachine | undefined): boolean {
    const stage = this.#stages.find((candidate) => candidate.by === by);
    stage?.retune(machine);
    return stage !== undefined;
  }

  /** False when the source should wait for `onLaneFull(…, false)`. */
  accept(item: LaneItem): boolean {
    if (typeof item === 'string') this.#endsUnderWay++;
    const [first] = this.#stages;
    if (first === undefined) this.#deliver(item);
    else first.push(item);
    this.#steer();
    return !this.#isFull;
  }

  /** Whether an end is still behind bytes that wait. */
  get isFinishing(): boolean {
    return this.#endsUnderWay > 0;
  }

  /** Whether no fault acts here any more and nothing waits. */
  get isIdle(): boolean {
    return this.#stages.length === 0;
  }

  onDrain(): void {
    this.#sinkFull = false;
    this.#steer();
  }

  dispose(): void {
    for (const stage of this.#stages) stage.dispose();
    this.#stages = [];
  }

  #leave(stage: Stage, item: LaneItem): void {
    const next = this.#stages[this.#stages.indexOf(stage) + 1];
    if (next === undefined) this.#deliver(item);
    else next.push(item);
    if (stage.by.isRemoved && stage.isIdle) this.#stages = this.#stages.filter((other) => other !== stage);
    this.#steer();
  }

  #deliver(item: LaneItem): void {
    if (typeof item === 'string') this.#endsUnderWay--;
    if (!this.#options.owner.onLaneItem(this.#options.direction, item)) this.#sinkFull = true;
  }

  #steer(): void {
    let bytes = 0;
    let pieces = 0;
    for (const stage of this.#stages) {
      bytes += stage.queuedBytes;
      pieces += stage.queuedPieces;
    }
    const isFull = this.#sinkFull || this.#options.budget.isFull(bytes, pieces);
    if (isFull === this.#isFull) return;
    this.#isFull = isFull;
    this.#options.owner.onLaneFull(this.#options.direction, isFull);
  }
}
