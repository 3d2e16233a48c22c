import { z } from 'zod';
import { defineFilter, type DatagramAction, type DatagramMachine } from '../filter.ts';
import { delaySchema } from './delays.ts';
import { isIn, streamSchema } from './directions.ts';

/** A machine keeps at most as many datagrams as its gap. */
const MAX_GAP = 100;

/** A chosen datagram is overtaken by later ones. */
export const reorderFilter = defineFilter({
  kind: 'reorder',
  summary: 'datagrams arrive out of order: chosen ones are kept back until later ones have passed',
  layers: ['datagram'],
  shape: {
    gap: z
      .int()
      .min(1)
      .max(MAX_GAP)
      .default(1)
      .meta({ description: 'so many later ones overtake it, 1 to 100; as many are kept back at one time' }),
    delay: delaySchema.meta({ description: 'it goes on after this time in any case; at most 10m' }).prefault('50ms'),
    stream: streamSchema.default('downstream'),
  },
  requested: ({ gap, delay, stream }) => ({ gap, delayMs: delay, stream }),
  create: ({ gap, delay, stream }) => ({
    datagram: { open: (direction) => (isIn(stream, direction) ? new ReorderMachine(gap, delay) : undefined) },
  }),
});

interface Kept {
  readonly bytes: Buffer;
  readonly dueMs: number;
  /** How many later ones have still to pass. */
  left: number;
}

/**
 * With a gap of 2 and every datagram chosen, as many are kept as must overtake them, and then those do:
 *
 *     in    1 2 3 4 5 6 7 8
 *     out       3 4 1 2     7 8 5 6
 */
class ReorderMachine implements DatagramMachine {
  readonly #gap: number;
  readonly #delayMs: number;
  #kept: Kept[] = [];

  constructor(gap: number, delayMs: number) {
    this.#gap = gap;
    this.#delayMs = delayMs;
  }

  onDatagram(datagram: Buffer, nowMs: number): readonly DatagramAction[] {
    if (this.#kept.length >= this.#gap) return [{ do: 'pass', bytes: datagram, atMs: nowMs }, ...this.onOther(nowMs)];
    this.#kept.push({ bytes: datagram, dueMs: nowMs + this.#delayMs, left: this.#gap });
    return this.#kept.length === 1 ? this.#wake() : [];
  }

  onOther(nowMs: number): readonly DatagramAction[] {
    for (const kept of this.#kept) kept.left--;
    return this.#letGo(nowMs, ({ left }) => left <= 0);
  }

  onTimer(nowMs: number): readonly DatagramAction[] {
    const done = this.#letGo(nowMs, ({ dueMs }) => dueMs <= nowMs);
    return done.length > 0 ? done : this.#wake();
  }

  release(): readonly Buffer[] {
    const kept = this.#kept;
    this.#kept = [];
    return kept.map(({ bytes }) => bytes);
  }

  /** Those that came first have waited longest and been overtaken most: what goes on is always the front of the list. */
  #letGo(nowMs: number, isDone: (kept: Kept) => boolean): readonly DatagramAction[] {
    const count = this.#kept.findIndex((kept) => !isDone(kept));
    const done = this.#kept.splice(0, count < 0 ? this.#kept.length : count);
    if (done.length === 0) return [];
    return [...done.map(({ bytes }) => ({ do: 'pass', bytes, atMs: nowMs, delayed: true }) as const), ...this.#wake()];
  }

  #wake(): readonly DatagramAction[] {
    const [first] = this.#kept;
    return first === undefined ? [] : [{ do: 'wake', atMs: first.dueMs }];
  }
}
