import { z } from 'zod';
import { defineFilter, type DatagramAction, type DatagramMachine } from '../filter.ts';
import { delaySchema } from './delays.ts';
import { isIn, streamSchema } from './directions.ts';

const MAX_COPIES = 10;

/** A chosen datagram goes on, and its copies follow. */
export const duplicateFilter = defineFilter({
  kind: 'duplicate',
  summary: 'datagrams arrive more than once, their copies at once or after a delay',
  layers: ['datagram'],
  shape: {
    copies: z.int().min(1).max(MAX_COPIES).default(1).meta({ description: 'how many more of each arrive, 1 to 10' }),
    delay: delaySchema.meta({ description: 'how long after it the copies follow; at most 10m' }).prefault('0ms'),
    stream: streamSchema.default('downstream'),
  },
  requested: ({ copies, delay, stream }) => ({ copies, delayMs: delay, stream }),
  create({ copies, delay, stream }) {
    const machine: DatagramMachine = {
      onDatagram(bytes, nowMs) {
        const copy = { do: 'pass', bytes, atMs: nowMs + delay, delayed: delay > 0, copy: true } as const;
        return [{ do: 'pass', bytes, atMs: nowMs }, ...Array<DatagramAction>(copies).fill(copy)];
      },
    };
    return { datagram: { open: (direction) => (isIn(stream, direction) ? machine : undefined) } };
  },
});
