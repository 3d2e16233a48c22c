import { sizeSchema } from '../../wire/quantities.ts';
import { defineFilter, type Dice, type StreamAction, type StreamMachine } from '../filter.ts';
import { delaySchema } from './delays.ts';
import { isIn, streamSchema } from './directions.ts';
import { KeptBytes } from './kept-bytes.ts';

/** So many pieces are decided on at a time; with the wake they are what an engine takes at once. */
const MAX_PIECES = 63;

/** Chunks go on in pieces, one after another. */
export const slicerFilter = defineFilter({
  kind: 'slicer',
  summary: 'data comes in small pieces, with a pause between them',
  layers: ['stream'],
  shape: {
    averageSize: sizeSchema
      .refine((bytes) => bytes >= 1, 'expected at least 1B')
      .meta({ description: 'how large a piece is, on average; at least 1B' }),
    sizeVariation: sizeSchema
      .meta({ description: 'how much larger or smaller a piece may be; less than averageSize' })
      .prefault('0B'),
    delay: delaySchema.meta({ description: 'the pause after each piece; at most 10m' }).prefault('0ms'),
    stream: streamSchema.default('downstream'),
  },
  refine({ averageSize, sizeVariation }) {
    if (sizeVariation < averageSize) return undefined;
    return { path: ['sizeVariation'], message: 'expected less than `averageSize`' };
  },
  requested: ({ averageSize, sizeVariation, delay, stream }) => ({
    averageBytes: averageSize,
    variationBytes: sizeVariation,
    delayMs: delay,
    stream,
  }),
  create({ averageSize, sizeVariation, delay, stream }) {
    const spec = { averageBytes: averageSize, variationBytes: sizeVariation, delayMs: delay };
    return {
      stream: {
        on: 'any',
        open: (direction, dice) => (isIn(stream, direction) ? new SliceMachine(spec, direction, dice) : undefined),
      },
    };
  },
});

interface SliceSpec {
  readonly averageBytes: number;
  readonly variationBytes: number;
  readonly delayMs: number;
}

/**
 *     chunk of 10, pieces of 4:    4 at 0   4 at +delay   2 at +2 delay
 *
 * The dice are those of the connection, thrown once for each piece: its size does not depend on when it is cut.
 */
class SliceMachine implements StreamMachine {
  readonly #spec: SliceSpec;
  readonly #salt: string;
  readonly #dice: Dice;
  readonly #kept = new KeptBytes();
  #pieces = 0;
  #lastMs = -Infinity;
  #isWaking = false;
  #hasEnded = false;

  constructor(spec: SliceSpec, salt: string, dice: Dice) {
    this.#spec = spec;
    this.#salt = salt;
    this.#dice = dice;
  }

  get queuedBytes(): number {
    return this.#kept.bytes;
  }

  onChunk(chunk: Buffer, nowMs: number): readonly StreamAction[] {
    this.#kept.push(chunk);
    return this.#isWaking ? [] : this.#cut(nowMs);
  }

  onEnd(nowMs: number): readonly StreamAction[] {
    this.#hasEnded = true;
    return this.#kept.bytes > 0 ? [] : [{ do: 'end', atMs: nowMs }];
  }

  onTimer(nowMs: number): readonly StreamAction[] {
    this.#isWaking = false;
    return this.#cut(nowMs);
  }

  release(): readonly (Buffer | 'end')[] {
    const end = this.#hasEnded && this.#kept.bytes > 0 ? (['end'] as const) : [];
    return [...this.#kept.takeAll(), ...end];
  }

  #cut(nowMs: number): readonly StreamAction[] {
    const actions: StreamAction[] = [];
    while (this.#kept.bytes > 0 && actions.length < MAX_PIECES) actions.push(this.#cutOne(nowMs, actions.length === 0));
    if (this.#kept.bytes > 0) {
      this.#isWaking = true;
      actions.push({ do: 'wake', atMs: this.#lastMs });
    } else if (this.#hasEnded) actions.push({ do: 'end', atMs: this.#lastMs });
    return actions;
  }

  /** A later piece has been cut off by the fault and counts as delayed, be the delay 0. */
  #cutOne(nowMs: number, isFirst: boolean): StreamAction {
    const bytes = this.#kept.take(this.#nextBytes());
    this.#lastMs = Math.max(nowMs, this.#lastMs + this.#spec.delayMs);
    return { do: 'pass', bytes, atMs: this.#lastMs, delayed: !isFirst || this.#lastMs > nowMs };
  }

  /** Every whole number of bytes within average ± variation is as likely as any other. */
  #nextBytes(): number {
    const { averageBytes, variationBytes } = this.#spec;
    if (variationBytes === 0) return averageBytes;
    const u = this.#dice.fraction(`${this.#salt}/piece ${this.#pieces++}`);
    return averageBytes - variationBytes + Math.floor(u * (2 * variationBytes + 1));
  }
}
