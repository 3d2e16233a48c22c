/** What may wait in one direction of one connection while memory is plentiful: 300 ms of a 400 Mbit/s stream. */
const MAX_LANE_BYTES = 16 * 1_048_576;
/** What may wait there once all connections together hold `PLENTY_BYTES`. */
const MAX_LANE_BYTES_WHEN_SCARCE = 262_144;
const PLENTY_BYTES = 256 * 1_048_576;
/** Pieces that may wait there: each costs some 200 bytes beside its own. */
const MAX_LANE_PIECES = 16_384;

/** The bytes that all faults of this process hold back together, so that delay costs memory within bounds. */
export class QueueBudget {
  #heldBytes = 0;

  /** A queue has grown or shrunk. */
  change(byBytes: number): void {
    this.#heldBytes += byBytes;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Whether a lane with so much in it takes no more for now. */
  isFull(bytes: number, pieces: number): boolean {
    const limitBytes = this.#heldBytes < PLENTY_BYTES ? MAX_LANE_BYTES : MAX_LANE_BYTES_WHEN_SCARCE;
    return bytes >= limitBytes || pieces >= MAX_LANE_PIECES;
  }
}
