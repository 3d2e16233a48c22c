import { createDice } from '../../../../src/lib/proxy/dice.ts';
import type {
  DatagramAction,
  DatagramMachine,
  Dice,
  FilterKind,
  StreamAction,
  StreamMachine,
} from '../../../../src/lib/proxy/filter.ts';
import type { Direction } from '../../../../src/lib/proxy/views.ts';

/** What a machine may ask for at one time. */
export const MAX_ACTIONS = 64;
/** No test has more to do at one time; a machine that wakes itself for ever is found. */
const MAX_STEPS = 1_000_000;

/** What came out, and when. */
export interface Output {
  readonly atMs: number;
  readonly what: 'bytes' | 'end' | 'close' | 'reset';
  readonly bytes: Buffer;
}

type Queued = { readonly what: Output['what']; readonly bytes: Buffer; dueMs: number };

const NOTHING = Buffer.alloc(0);

/** Dice that differ from one throw to the next, and are the same in every run of a test. */
export function diceOf(index: number, seed = 1): Dice {
  return createDice({ seed, fault: 'f', key: 'k', index });
}

/** The stream machine of a kind with these parameters. */
export function openStream(
  kind: FilterKind,
  params: unknown,
  { direction = 'downstream', carried, seed }: { direction?: Direction; carried?: unknown; seed?: number } = {},
): StreamMachine {
  const machine = kind.bind(params).filter.stream?.open(direction, diceOf(0, seed), carried);
  if (machine === undefined) throw new Error(`${kind.kind} does not act ${direction}`);
  return machine;
}

/** The datagram machine of a kind with these parameters. */
export function openDatagrams(kind: FilterKind, params: unknown, direction: Direction = 'downstream'): DatagramMachine {
  const machine = kind.bind(params).filter.datagram?.open(direction, diceOf(0), undefined);
  if (machine === undefined) throw new Error(`${kind.kind} does not act ${direction}`);
  return machine;
}

/**
 * Does what a stream machine asks for, in a time of its own, as the engine does: actions in order, each when its time has come; one timer;
 * when the fault is taken away everything of the sender's goes on, and what the fault had in mind does not happen.
 */
export class StreamDriver {
  nowMs = 0;
  readonly outputs: Output[] = [];
  /** Dropped by the machine, or lost with the connection. */
  droppedBytes = 0;
  changedBytes = 0;
  /** The flags with which bytes went on. */
  readonly flags = { delayed: 0, paced: 0 };
  #machine: StreamMachine | undefined;
  #queue: Queued[] = [];
  #wakeMs: number | undefined;
  #chunks = 0;
  #isCut = false;
  readonly #seed: number;

  constructor(machine: StreamMachine, seed = 1) {
    this.#seed = seed;
    this.#machine = machine;
    this.#perform(machine.onOpen?.(this.nowMs) ?? []);
  }

  push(chunk: Buffer | number): this {
    const bytes = typeof chunk === 'number' ? Buffer.alloc(chunk, 0x61 + (this.#chunks % 26)) : chunk;
    if (this.#machine === undefined) this.#queue.push({ what: 'bytes', bytes, dueMs: this.nowMs });
    else this.#perform(this.#machine.onChunk(bytes, this.nowMs, diceOf(this.#chunks, this.#seed)));
    this.#chunks++;
    return this.#passDue();
  }

  end(): this {
    const end = { do: 'end', atMs: this.nowMs } as const;
    this.#perform(this.#machine?.onEnd?.(this.nowMs) ?? [end]);
    return this;
  }

  /** Lets time pass. */
  advance(byMs: number): this {
    const untilMs = this.nowMs + byMs;
    for (let steps = 0; ; steps++) {
      if (steps > MAX_STEPS) throw new Error(`no end of it at ${this.nowMs} ms`);
      const nextMs = Math.min(this.#queue[0]?.dueMs ?? Infinity, this.#wakeMs ?? Infinity);
      if (nextMs > untilMs || nextMs === Infinity) break;
      this.nowMs = Math.max(this.nowMs, nextMs);
      this.#passDue();
      this.#wakeIfDue();
    }
    this.nowMs = untilMs;
    return this;
  }

  /** Other parameters: what waits goes on, and the new machine takes over. */
  retune(open: (carried: unknown) => StreamMachine): this {
    const carried = this.#machine?.carry?.();
    this.#release();
    this.#machine = open(carried);
    this.#perform(this.#machine.onOpen?.(this.nowMs) ?? []);
    return this;
  }

  /** The fault is taken away. */
  remove(): this {
    const closes = this.#machine?.closesWhenRemoved === true;
    this.#release();
    this.#machine = undefined;
    if (closes) this.#queue.push({ what: 'close', bytes: NOTHING, dueMs: this.nowMs });
    return this.#passDue();
  }

  get passed(): Buffer {
    return Buffer.concat(this.outputs.map(({ bytes }) => bytes));
  }

  /** Bytes that wait, in the machine and behind it. */
  get waitingBytes(): number {
    const queued = this.#queue.reduce((sum, { bytes }) => sum + bytes.length, 0);
    return queued + (this.#machine?.queuedBytes ?? 0);
  }

  /** How it ended: `end`, `close` or `reset`, and when. */
  get ending(): Output | undefined {
    return this.outputs.find(({ what }) => what !== 'bytes');
  }

  get pieces(): number[] {
    return this.outputs.filter(({ what }) => what === 'bytes').map(({ bytes }) => bytes.length);
  }

  get times(): number[] {
    return this.outputs.filter(({ what }) => what === 'bytes').map(({ atMs }) => atMs);
  }

  #perform(actions: readonly StreamAction[]): void {
    if (actions.length > MAX_ACTIONS) throw new Error(`${actions.length} actions at one time`);
    for (const action of actions) this.#performOne(action);
    this.#passDue();
  }

  #performOne(action: StreamAction): void {
    switch (action.do) {
      case 'pass':
        this.changedBytes += action.changed ?? 0;
        this.flags.delayed += action.delayed === true ? 1 : 0;
        this.flags.paced += action.paced === true ? 1 : 0;
        this.#queue.push({ what: 'bytes', bytes: action.bytes, dueMs: action.atMs });
        return;
      case 'hold':
        this.#queue.push({ what: 'bytes', bytes: action.bytes, dueMs: Infinity });
        return;
      case 'drop':
        this.droppedBytes += action.bytes;
        return;
      case 'wake':
        this.#wakeMs = action.atMs;
        return;
      default:
        this.#queue.push({ what: action.do, bytes: NOTHING, dueMs: action.atMs });
    }
  }

  #release(): void {
    this.#wakeMs = undefined;
    this.#queue = this.#queue.filter(({ what }) => what === 'bytes' || what === 'end');
    for (const queued of this.#queue) queued.dueMs = Math.min(queued.dueMs, this.nowMs);
    for (const kept of this.#machine?.release?.() ?? []) {
      if (kept === 'end') this.#queue.push({ what: 'end', bytes: NOTHING, dueMs: this.nowMs });
      else this.#queue.push({ what: 'bytes', bytes: kept, dueMs: this.nowMs });
    }
    this.#passDue();
  }

  #passDue(): this {
    for (let first = this.#queue[0]; first !== undefined && first.dueMs <= this.nowMs; first = this.#queue[0]) {
      this.#queue.shift();
      if (this.#isCut) this.droppedBytes += first.bytes.length;
      if (this.#isCut) continue;
      this.outputs.push({ atMs: this.nowMs, what: first.what, bytes: first.bytes });
      this.#isCut = first.what === 'close' || first.what === 'reset';
    }
    return this;
  }

  #wakeIfDue(): void {
    if (this.#wakeMs === undefined || this.#wakeMs > this.nowMs) return;
    this.#wakeMs = undefined;
    this.#perform(this.#machine?.onTimer?.(this.nowMs) ?? []);
  }
}

/** The same for datagrams: nothing keeps their order but the times. */
export class DatagramDriver {
  nowMs = 0;
  readonly outputs: { readonly atMs: number; readonly bytes: Buffer; readonly copy: boolean }[] = [];
  dropped = 0;
  changedBytes = 0;
  #machine: DatagramMachine | undefined;
  #waiting: { readonly bytes: Buffer; readonly dueMs: number; readonly copy: boolean }[] = [];
  #wakeMs: number | undefined;
  #count = 0;

  constructor(machine: DatagramMachine) {
    this.#machine = machine;
  }

  /** A chosen datagram comes. */
  push(datagram: Buffer | string): this {
    const bytes = Buffer.from(datagram);
    if (this.#machine === undefined) this.#waiting.push({ bytes, dueMs: this.nowMs, copy: false });
    else this.#perform(this.#machine.onDatagram(bytes, this.nowMs, diceOf(this.#count)));
    this.#count++;
    return this.advance(0);
  }

  /** One comes that is not chosen. */
  pass(datagram: string): this {
    this.outputs.push({ atMs: this.nowMs, bytes: Buffer.from(datagram), copy: false });
    this.#perform(this.#machine?.onOther?.(this.nowMs) ?? []);
    return this.advance(0);
  }

  advance(byMs: number): this {
    const untilMs = this.nowMs + byMs;
    for (let steps = 0; ; steps++) {
      if (steps > MAX_STEPS) throw new Error(`no end of it at ${this.nowMs} ms`);
      const nextMs = Math.min(this.#wakeMs ?? Infinity, ...this.#waiting.map(({ dueMs }) => dueMs));
      if (nextMs > untilMs) break;
      this.nowMs = Math.max(this.nowMs, nextMs);
      this.#passDue();
      if (this.#wakeMs === undefined || this.#wakeMs > this.nowMs) continue;
      this.#wakeMs = undefined;
      this.#perform(this.#machine?.onTimer?.(this.nowMs) ?? []);
    }
    this.nowMs = untilMs;
    return this;
  }

  remove(): this {
    this.#wakeMs = undefined;
    const kept = this.#machine?.release?.() ?? [];
    this.#machine = undefined;
    const waiting = [...this.#waiting, ...kept.map((bytes) => ({ bytes, copy: false }))];
    this.#waiting = waiting.map(({ bytes, copy }) => ({ bytes, copy, dueMs: this.nowMs }));
    return this.advance(0);
  }

  /** Everything that came out, as one text. */
  get text(): string {
    return this.outputs.map(({ bytes }) => bytes.toString()).join('');
  }

  #perform(actions: readonly DatagramAction[]): void {
    if (actions.length > MAX_ACTIONS * 2) throw new Error(`${actions.length} actions at one time`);
    for (const action of actions) {
      if (action.do === 'wake') this.#wakeMs = action.atMs;
      else if (action.do === 'drop') this.dropped++;
      else {
        this.changedBytes += action.changed ?? 0;
        this.#waiting.push({ bytes: action.bytes, dueMs: action.atMs, copy: action.copy === true });
      }
    }
  }

  #passDue(): void {
    const due = this.#waiting.filter(({ dueMs }) => dueMs <= this.nowMs);
    this.#waiting = this.#waiting.filter(({ dueMs }) => dueMs > this.nowMs);
    for (const { bytes, copy } of due.sort((a, b) => a.dueMs - b.dueMs)) {
      this.outputs.push({ atMs: this.nowMs, bytes, copy });
    }
  }
}
