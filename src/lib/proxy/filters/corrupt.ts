import { percentSchema } from '../../wire/quantities.ts';
import { defineFilter, type DatagramMachine, type Dice, type StreamMachine } from '../filter.ts';
import { isIn, streamSchema } from './directions.ts';
import { flipBits } from './flip-bits.ts';

/** Bytes arrive with one bit flipped. Nothing checks them above the proxy: TCP and UDP make new checksums for what it sends. */
export const corruptFilter = defineFilter({
  kind: 'corrupt',
  summary: 'bytes are changed on their way: one bit of each byte that chance chooses is flipped',
  layers: ['stream', 'datagram'],
  shape: {
    bytes: percentSchema.meta({ description: 'the share of bytes that is changed' }).prefault('0.01%'),
    stream: streamSchema.default('downstream'),
  },
  requested: ({ bytes, stream }) => ({ bytesPercent: bytes, stream }),
  create({ bytes, stream }) {
    const ratio = bytes / 100;
    const pass = (chunk: Buffer, nowMs: number, dice: Dice) =>
      [{ do: 'pass', ...flipBits(chunk, ratio, dice), atMs: nowMs }] as const;
    const machine: StreamMachine & DatagramMachine = { onChunk: pass, onDatagram: pass };
    return {
      stream: { on: 'any', open: (direction) => (isIn(stream, direction) ? machine : undefined) },
      datagram: { open: (direction) => (isIn(stream, direction) ? machine : undefined) },
    };
  },
});
