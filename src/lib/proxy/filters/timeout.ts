import { defineFilter, type StreamAction, type StreamMachine } from '../filter.ts';
import { delaySchema } from './delays.ts';
import { isIn, streamSchema } from './directions.ts';

/** Nothing comes through, and after a time without data the connection is closed. */
export const timeoutFilter = defineFilter({
  kind: 'timeout',
  summary: 'data is lost and the connection is closed after a while, also when the fault is taken away',
  layers: ['stream'],
  shape: {
    timeout: delaySchema
      .meta({ description: 'the connection is closed so long after the last data; 0ms: not before the fault ends' })
      .prefault('0ms'),
    stream: streamSchema.default('downstream'),
  },
  requested: ({ timeout, stream }) => ({ timeoutMs: timeout, stream }),
  create: ({ timeout, stream }) => ({
    stream: {
      on: 'any',
      open: (direction, _dice, carried) => (isIn(stream, direction) ? new TimeoutMachine(timeout, carried) : undefined),
    },
  }),
});

/**
 *     open ─── timeout ───▶ close          each chunk is dropped, and the time begins anew
 *     end                                  waits for the close, so that nobody takes lost data for all there was;
 *                                          with a timeout of 0 there is no close to wait for, and it goes on
 */
class TimeoutMachine implements StreamMachine {
  readonly closesWhenRemoved = true;
  readonly #timeoutMs: number;
  /** Since when nothing has come. */
  #sinceMs: number | undefined;

  constructor(timeoutMs: number, carried: unknown) {
    this.#timeoutMs = timeoutMs;
    this.#sinceMs = typeof carried === 'number' ? carried : undefined;
  }

  onOpen(nowMs: number): readonly StreamAction[] {
    return this.#wait((this.#sinceMs ??= nowMs));
  }

  onChunk(chunk: Buffer, nowMs: number): readonly StreamAction[] {
    this.#sinceMs = nowMs;
    return [{ do: 'drop', bytes: chunk.length }, ...this.#wait(nowMs)];
  }

  onEnd(nowMs: number): readonly StreamAction[] {
    if (this.#timeoutMs === 0) return [{ do: 'end', atMs: nowMs }];
    const atMs = (this.#sinceMs ?? nowMs) + this.#timeoutMs;
    return [
      { do: 'close', atMs },
      { do: 'end', atMs },
    ];
  }

  onTimer(nowMs: number): readonly StreamAction[] {
    return [{ do: 'close', atMs: nowMs }];
  }

  carry(): unknown {
    return this.#sinceMs;
  }

  #wait(sinceMs: number): readonly StreamAction[] {
    return this.#timeoutMs === 0 ? [] : [{ do: 'wake', atMs: sinceMs + this.#timeoutMs }];
  }
}
