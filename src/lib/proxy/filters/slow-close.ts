import { defineFilter, type StreamMachine } from '../filter.ts';
import { delaySchema } from './delays.ts';
import { isIn, streamSchema } from './directions.ts';

/** Bytes go on as they come; the end of the stream goes on late. */
export const slowCloseFilter = defineFilter({
  kind: 'slow_close',
  summary: 'connections stay open longer: the end of a stream goes on late, its bytes do not',
  layers: ['stream'],
  shape: {
    delay: delaySchema.meta({ description: 'how late the end is; at most 10m' }).prefault('1s'),
    stream: streamSchema.default('downstream'),
  },
  requested: ({ delay, stream }) => ({ delayMs: delay, stream }),
  create({ delay, stream }) {
    const machine: StreamMachine = {
      onChunk: (chunk, nowMs) => [{ do: 'pass', bytes: chunk, atMs: nowMs }],
      onEnd: (nowMs) => [{ do: 'end', atMs: nowMs + delay, delayed: true }],
    };
    return { stream: { on: 'any', open: (direction) => (isIn(stream, direction) ? machine : undefined) } };
  },
});
