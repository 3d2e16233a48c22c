import type { DatagramAction, DatagramMachine } from '../filter.ts';
import type { RateLine } from './rate-line.ts';

/** What would wait longer than this for the line is lost, as in a router whose buffer is full. */
const MAX_WAIT_MS = 1000;

/** Datagrams go on whole, at the rate of a line. */
export class PacedDatagrams implements DatagramMachine {
  readonly #line: RateLine;

  constructor(line: RateLine) {
    this.#line = line;
  }

  onDatagram(datagram: Buffer, nowMs: number): readonly DatagramAction[] {
    if (this.#line.freeAtMs - nowMs > MAX_WAIT_MS) return [{ do: 'drop', bytes: datagram.length }];
    return [{ do: 'pass', bytes: datagram, atMs: this.#line.reserve(datagram.length, nowMs), paced: true }];
  }
}
