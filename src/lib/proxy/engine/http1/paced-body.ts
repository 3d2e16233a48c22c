import type { Pace } from '../../chain.ts';
import type { Direction } from '../../views.ts';
import type { Front } from '../front.ts';
import { Lane } from '../lane.ts';

/** Where a body goes on to. */
export interface BodySink {
  write(bytes: Buffer): void;
  /** All of it has gone on. */
  end(): void;
  /** There is room for more. */
  room(): void;
}

/** One body that goes on as faults say, chunk by chunk; the other messages of the connection do not. */
export class PacedBody {
  readonly #lane: Lane;

  private constructor(paces: readonly Pace[], direction: Direction, { clock, budget }: Front, sink: BodySink) {
    this.#lane = new Lane({
      clock,
      budget,
      direction,
      owner: {
        onLaneItem(_direction, item) {
          if (typeof item === 'string') sink.end();
          else sink.write(item);
          return true;
        },
        onLaneFull: (_direction, isFull) => {
          if (!isFull) sink.room();
        },
        // A body has no connection of its own that could be cut.
        onLaneCut: () => undefined,
      },
    });
    for (const { by, open, dice } of paces) this.#lane.add(by, open(), dice, { isTouched: false });
  }

  /** Undefined when no fault paces the body of this direction. */
  static lookup(paces: readonly Pace[], direction: Direction, front: Front, sink: BodySink): PacedBody | undefined {
    const own = paces.filter((pace) => pace.direction === direction && !pace.by.isRemoved);
    return own.length === 0 ? undefined : new PacedBody(own, direction, front, sink);
  }

  /** False when the source should wait for `room`. */
  write(bytes: Buffer): boolean {
    return bytes.length === 0 || this.#lane.accept(bytes);
  }

  end(): void {
    this.#lane.accept('end');
  }

  onDrain(): void {
    this.#lane.onDrain();
  }

  dispose(): void {
    this.#lane.dispose();
  }
}
