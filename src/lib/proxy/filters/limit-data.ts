import { sizeSchema } from '../../wire/quantities.ts';
import { defineFilter, type StreamAction, type StreamMachine } from '../filter.ts';
import { isIn, streamSchema } from './directions.ts';

/** So many bytes of each connection and direction go on, then it is closed. What has gone on counts after a change of parameters, too. */
export const limitDataFilter = defineFilter({
  kind: 'limit_data',
  summary: 'connections are closed after a number of bytes, in the middle of what is sent',
  layers: ['stream'],
  shape: {
    bytes: sizeSchema.meta({ description: 'so much goes on; 0B: the connection is closed at the first data' }),
    stream: streamSchema.default('downstream'),
  },
  requested: ({ bytes, stream }) => ({ bytes, stream }),
  create: ({ bytes, stream }) => ({
    stream: {
      on: 'any',
      open: (direction, _dice, carried) => (isIn(stream, direction) ? new LimitMachine(bytes, carried) : undefined),
    },
  }),
});

class LimitMachine implements StreamMachine {
  readonly #limitBytes: number;
  #passedBytes: number;
  #isOver = false;

  constructor(limitBytes: number, carried: unknown) {
    this.#limitBytes = limitBytes;
    this.#passedBytes = typeof carried === 'number' ? carried : 0;
  }

  /** Once data is lost. */
  get closesWhenRemoved(): boolean {
    return this.#isOver;
  }

  onChunk(chunk: Buffer, nowMs: number): readonly StreamAction[] {
    if (this.#isOver) return [{ do: 'drop', bytes: chunk.length }];
    const leftBytes = Math.max(0, this.#limitBytes - this.#passedBytes);
    const bytes = chunk.length <= leftBytes ? chunk : chunk.subarray(0, leftBytes);
    const actions: StreamAction[] = [];
    if (bytes.length > 0) actions.push({ do: 'pass', bytes, atMs: nowMs });
    this.#passedBytes += bytes.length;
    if (bytes.length < chunk.length) actions.push({ do: 'drop', bytes: chunk.length - bytes.length });
    if (this.#passedBytes >= this.#limitBytes) {
      this.#isOver = true;
      actions.push({ do: 'close', atMs: nowMs });
    }
    return actions;
  }

  carry(): unknown {
    return this.#passedBytes;
  }
}
