import { defineFilter, type StreamAction, type StreamMachine } from '../filter.ts';
import { delaySchema } from './delays.ts';
import { isIn, streamSchema } from './directions.ts';

/** The first data of a connection, or its end, sets off its reset. */
export const resetPeerFilter = defineFilter({
  kind: 'reset_peer',
  summary: 'connections are cut off by a TCP reset (RST) some time after their first data',
  layers: ['stream'],
  shape: {
    timeout: delaySchema
      .meta({ description: 'from the first data, or the end, to the reset; at most 10m' })
      .prefault('0ms'),
    stream: streamSchema.default('downstream'),
  },
  requested: ({ timeout, stream }) => ({ timeoutMs: timeout, stream }),
  create: ({ timeout, stream }) => ({
    stream: {
      on: 'any',
      open: (direction, _dice, carried) => (isIn(stream, direction) ? new ResetMachine(timeout, carried) : undefined),
    },
  }),
});

/**
 * The reset stands before the bytes in the queue: they wait behind it, and go on only when the fault is taken away first.
 *
 *     first chunk ─▶ [reset at +timeout] [chunk] [chunk] …
 */
class ResetMachine implements StreamMachine {
  readonly #timeoutMs: number;
  /** When the first chunk or the end has come. */
  #sinceMs: number | undefined;
  #isSet = false;

  constructor(timeoutMs: number, carried: unknown) {
    this.#timeoutMs = timeoutMs;
    this.#sinceMs = typeof carried === 'number' ? carried : undefined;
  }

  onOpen(): readonly StreamAction[] {
    return this.#sinceMs === undefined ? [] : this.#set(this.#sinceMs);
  }

  onChunk(chunk: Buffer, nowMs: number): readonly StreamAction[] {
    return [...this.#set((this.#sinceMs ??= nowMs)), { do: 'hold', bytes: chunk }];
  }

  onEnd(nowMs: number): readonly StreamAction[] {
    this.#sinceMs ??= nowMs;
    return [...this.#set(this.#sinceMs), { do: 'end', atMs: this.#sinceMs + this.#timeoutMs }];
  }

  carry(): unknown {
    return this.#sinceMs;
  }

  #set(sinceMs: number): readonly StreamAction[] {
    if (this.#isSet) return [];
    this.#isSet = true;
    return [{ do: 'reset', atMs: sinceMs + this.#timeoutMs }];
  }
}
