import type { Cancel, Clock } from '../../runtime/clock.ts';
import type { Chain } from '../chain.ts';
import type { Counters } from '../counters.ts';
import { createDice } from '../dice.ts';
import type { DatagramAction, DatagramMachine } from '../filter.ts';
import type { Held, InstalledFilter } from '../installed-filter.ts';
import type { ConnectionView, Direction } from '../views.ts';
import type { QueueBudget } from './queue-budget.ts';

/** Datagrams that one flow may hold back at once, in one direction; a further one goes on at once. */
const MAX_WAITING = 4096;

export interface UdpFlowOptions {
  readonly clock: Clock;
  readonly chain: Chain;
  readonly counters: Counters;
  readonly budget: QueueBudget;
  readonly view: ConnectionView;
  readonly toClient: (datagram: Buffer) => void;
  readonly toService: (datagram: Buffer) => void;
  readonly onOver: () => void;
}

interface Waiting {
  readonly datagram: Buffer;
  readonly ordinal: number;
  readonly by: InstalledFilter;
  readonly isDelayed: boolean;
  readonly arrivedMs: number;
  cancel: Cancel;
}

/** The state of one fault in one direction of a flow. */
interface Track {
  readonly machine: DatagramMachine | undefined;
  /** The parameters that the machine was made from. */
  readonly requested: unknown;
  cancelWake: Cancel | undefined;
}

/**
 * The datagrams of one client: each goes through the faults in their order, one after another; nothing else keeps their order.
 *
 *     client ──▶ fault A ──▶ fault B ──▶ service        and back the same way
 */
export class UdpFlow implements Held {
  readonly view: ConnectionView;
  lastSeenMs: number;
  readonly #options: UdpFlowOptions;
  readonly #tracks: Readonly<Record<Direction, Map<InstalledFilter, Track>>> = {
    upstream: new Map(),
    downstream: new Map(),
  };
  readonly #seen = { upstream: 0, downstream: 0 };
  readonly #waiting: Readonly<Record<Direction, Set<Waiting>>> = { upstream: new Set(), downstream: new Set() };
  readonly #holders = new Set<InstalledFilter>();
  #isOver = false;

  constructor(options: UdpFlowOptions) {
    this.#options = options;
    this.view = options.view;
    this.lastSeenMs = options.clock.monotonicMs();
  }

  fromClient(datagram: Buffer): void {
    const { counters } = this.#options;
    counters.datagramsIn++;
    counters.bytesIn += datagram.length;
    this.#enter('upstream', datagram);
  }

  fromService(datagram: Buffer): void {
    const { counters } = this.#options;
    counters.datagramsOut++;
    counters.bytesOut += datagram.length;
    this.#enter('downstream', datagram);
  }

  /** A fault was taken away: what waits for it goes on. */
  letGo(): void {
    for (const direction of ['upstream', 'downstream'] as const) {
      for (const waiting of [...this.#waiting[direction]]) {
        if (waiting.by.isRemoved) this.#pass(direction, waiting);
      }
      for (const [by, track] of this.#tracks[direction]) {
        if (!by.isRemoved) continue;
        track.cancelWake?.();
        this.#tracks[direction].delete(by);
        for (const kept of track.machine?.release?.() ?? []) this.#send(direction, kept);
      }
    }
  }

  /** The flow has been silent for long, or its listener is closed. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const direction of ['upstream', 'downstream'] as const) {
      for (const { cancel, datagram } of this.#waiting[direction]) {
        cancel();
        this.#options.budget.change(-datagram.length);
      }
      for (const { cancelWake } of this.#tracks[direction].values()) cancelWake?.();
      this.#waiting[direction].clear();
    }
    for (const by of this.#holders) by.held.delete(this);
    this.#options.onOver();
  }

  #enter(direction: Direction, datagram: Buffer): void {
    this.lastSeenMs = this.#options.clock.monotonicMs();
    const ordinal = this.#seen[direction]++;
    this.#walk(direction, datagram, ordinal, undefined);
  }

  /** Through all faults behind `after`, or all. */
  #walk(direction: Direction, datagram: Buffer, ordinal: number, after: InstalledFilter | undefined): void {
    const filters = this.#options.chain.ofDatagrams;
    const from = after === undefined ? 0 : filters.indexOf(after) + 1;
    const nowMs = this.#options.clock.monotonicMs();
    const others: InstalledFilter[] = [];
    for (let i = from; i < filters.length; i++) {
      const by = filters[i];
      if (!by?.isOpenAt(nowMs)) continue;
      const machine = this.#trackOf(direction, by).machine;
      if (machine === undefined) continue;
      const dice = by.decideDatagram(this.view, direction, ordinal);
      if (dice === undefined) {
        others.push(by);
        continue;
      }
      this.#perform(direction, by, ordinal, machine.onDatagram(datagram, nowMs, dice), nowMs);
      this.#tellOthers(direction, others, ordinal, nowMs);
      return;
    }
    this.#send(direction, datagram);
    this.#tellOthers(direction, others, ordinal, nowMs);
  }

  /** Faults that have let the datagram go by may have something to do all the same. */
  #tellOthers(direction: Direction, others: readonly InstalledFilter[], ordinal: number, nowMs: number): void {
    for (const by of others) {
      const actions = this.#trackOf(direction, by).machine?.onOther?.(nowMs) ?? [];
      this.#perform(direction, by, ordinal, actions, nowMs);
    }
  }

  #perform(
    direction: Direction,
    by: InstalledFilter,
    ordinal: number,
    actions: readonly DatagramAction[],
    nowMs: number,
  ): void {
    let isTouched = false;
    for (const action of actions) {
      if (action.do === 'wake') {
        this.#wakeAt(direction, by, action.atMs - nowMs);
        continue;
      }
      isTouched ||= isHurt(action, nowMs);
      if (action.do === 'drop') {
        by.account.count('droppedDatagrams');
        by.account.count('droppedBytes', action.bytes);
        continue;
      }
      if (action.changed !== undefined && action.changed > 0) by.account.count('changedBytes', action.changed);
      if (action.copy === true) by.account.count('duplicates');
      this.#passAt(direction, by, ordinal, action, nowMs);
    }
    if (isTouched) by.account.touched++;
  }

  #passAt(
    direction: Direction,
    by: InstalledFilter,
    ordinal: number,
    action: Extract<DatagramAction, { do: 'pass' }>,
    nowMs: number,
  ): void {
    const { clock, budget } = this.#options;
    const waiting = this.#waiting[direction];
    const isDelayed = action.delayed === true;
    if (action.atMs <= nowMs || waiting.size >= MAX_WAITING) {
      this.#walk(direction, action.bytes, ordinal, by);
      return;
    }
    const entry: Waiting = {
      datagram: action.bytes,
      ordinal,
      by,
      isDelayed,
      arrivedMs: nowMs,
      cancel: clock.afterPrecisely(action.atMs - nowMs, () => this.#pass(direction, entry)),
    };
    waiting.add(entry);
    budget.change(action.bytes.length);
    this.#hold(by);
  }

  #pass(direction: Direction, entry: Waiting): void {
    const { clock, budget } = this.#options;
    entry.cancel();
    if (!this.#waiting[direction].delete(entry)) return;
    budget.change(-entry.datagram.length);
    if (entry.isDelayed) entry.by.account.recordDelay(clock.monotonicMs() - entry.arrivedMs, entry.by.isRemoved);
    // The place of a fault that is gone cannot be told any more: nothing else is done to what it held.
    if (entry.by.isRemoved) this.#send(direction, entry.datagram);
    else this.#walk(direction, entry.datagram, entry.ordinal, entry.by);
  }

  #wakeAt(direction: Direction, by: InstalledFilter, delayMs: number): void {
    const track = this.#trackOf(direction, by);
    track.cancelWake?.();
    this.#hold(by);
    track.cancelWake = this.#options.clock.afterPrecisely(Math.max(0, delayMs), () => {
      const nowMs = this.#options.clock.monotonicMs();
      const actions = track.machine?.onTimer?.(nowMs) ?? [];
      this.#perform(direction, by, this.#seen[direction], actions, nowMs);
    });
  }

  #trackOf(direction: Direction, by: InstalledFilter): Track {
    const tracks = this.#tracks[direction];
    const known = tracks.get(by);
    if (known?.requested === by.requested) return known;
    known?.cancelWake?.();
    const dice = createDice({ seed: 0, fault: by.id, key: 'flow', index: this.view.ordinal });
    const carried = known?.machine?.carry?.();
    const track: Track = {
      machine: by.filter.datagram?.open(direction, dice, carried),
      requested: by.requested,
      cancelWake: undefined,
    };
    tracks.set(by, track);
    for (const kept of known?.machine?.release?.() ?? []) this.#send(direction, kept);
    return track;
  }

  #hold(by: InstalledFilter): void {
    this.#holders.add(by);
    by.held.add(this);
  }

  #send(direction: Direction, datagram: Buffer): void {
    if (this.#isOver) return;
    const { counters, toClient, toService } = this.#options;
    if (direction === 'downstream') {
      counters.sentDown += datagram.length;
      toClient(datagram);
    } else {
      counters.sentUp += datagram.length;
      toService(datagram);
    }
  }
}

/** Whether the action is more than letting a datagram pass. */
function isHurt(action: Exclude<DatagramAction, { do: 'wake' }>, nowMs: number): boolean {
  if (action.do === 'drop') return true;
  const { delayed, paced, copy, changed = 0, atMs } = action;
  return delayed === true || paced === true || copy === true || changed > 0 || atMs > nowMs;
}
