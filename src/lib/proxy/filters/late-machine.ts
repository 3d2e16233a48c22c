import type { DatagramMachine, Dice, StreamMachine } from '../filter.ts';
import { drawDelayMs, type DelaySpec } from './distribution.ts';

/** A `pass` that both streams and datagrams know. */
interface LatePass {
  readonly do: 'pass';
  readonly bytes: Buffer;
  readonly atMs: number;
  readonly delayed: true;
}

/** Each chunk or datagram goes on after a delay of its own. */
export class LateMachine implements StreamMachine, DatagramMachine {
  readonly #spec: DelaySpec;

  constructor(spec: DelaySpec) {
    this.#spec = spec;
  }

  onChunk(chunk: Buffer, nowMs: number, dice: Dice): readonly LatePass[] {
    return [{ do: 'pass', bytes: chunk, atMs: nowMs + drawDelayMs(this.#spec, dice), delayed: true }];
  }

  onDatagram(datagram: Buffer, nowMs: number, dice: Dice): readonly LatePass[] {
    return this.onChunk(datagram, nowMs, dice);
  }
}
