import { z } from 'zod';
import { byteRateSchema } from '../../wire/quantities.ts';
import { defineFilter, type DatagramMachine, type StreamMachine } from '../filter.ts';
import type { Direction } from '../views.ts';
import { isIn, streamSchema } from './directions.ts';
import { PacedDatagrams } from './paced-datagrams.ts';
import { PacedMachine } from './paced-machine.ts';
import { RateLine } from './rate-line.ts';

/** A line of that rate for each connection, or one for all of them; each direction has its own. */
export const bandwidthFilter = defineFilter({
  kind: 'bandwidth',
  summary: 'data comes at a limited rate, for each connection or for all connections of a service together',
  layers: ['stream', 'datagram'],
  shape: {
    rate: byteRateSchema.meta({
      description: 'a rate such as 64KiB/s or 10MB/s; 0B/s: nothing comes through while the fault is in force',
    }),
    shared: z
      .boolean()
      .default(false)
      .meta({ description: 'true: the rate is for all connections together, not for each of them' }),
    stream: streamSchema.default('downstream'),
  },
  requested: ({ rate, shared, stream }) => ({ bytesPerSecond: rate, shared, stream }),
  create({ rate, shared, stream }) {
    const common = { upstream: new RateLine(rate), downstream: new RateLine(rate) };
    const line = (direction: Direction): RateLine => (shared ? common[direction] : new RateLine(rate));
    const openStream = (direction: Direction): StreamMachine =>
      rate === 0 ? stalled : new PacedMachine(line(direction), rate);
    const openDatagrams = (direction: Direction): DatagramMachine =>
      rate === 0 ? lost : new PacedDatagrams(line(direction));
    return {
      stream: { on: 'any', open: (direction) => (isIn(stream, direction) ? openStream(direction) : undefined) },
      datagram: { open: (direction) => (isIn(stream, direction) ? openDatagrams(direction) : undefined) },
    };
  },
});

/** The end goes on behind the bytes that are held: at once when there are none. */
const stalled: StreamMachine = { onChunk: (chunk) => [{ do: 'hold', bytes: chunk }] };
/** A line that carries nothing has a queue without end. */
const lost: DatagramMachine = { onDatagram: (datagram) => [{ do: 'drop', bytes: datagram.length }] };
