import { z } from 'zod';
import type { JsonObject } from '../../events/json.ts';
import { percentSchema } from '../../wire/quantities.ts';
import { defineFilter, type DatagramMachine, type Dice, type StreamMachine } from '../filter.ts';
import type { Direction } from '../views.ts';
import { isIn, streamSchema } from './directions.ts';
import { correlatedLoss, gilbertElliott, LossChain, type LossSpec } from './loss-chain.ts';

/** In percent. */
const DEFAULT_LOSS = 10;
const DEFAULT_CORRELATION = 0;

const gilbertElliottSchema = z
  .strictObject({
    p: percentSchema.meta({ description: 'the chance that a good time ends, for each packet' }),
    r: percentSchema.meta({ description: 'the chance that a bad time ends, for each packet' }),
    lossGood: percentSchema.meta({ description: 'how many are lost in a good time' }).prefault('0%'),
    lossBad: percentSchema.meta({ description: 'how many are lost in a bad time' }).prefault('100%'),
  })
  .meta({ description: 'the two-state model of Gilbert and Elliott, in place of loss and correlation' });

const shape = {
  loss: percentSchema.meta({ description: 'the share of packets that is lost; 10% unless given' }).optional(),
  correlation: percentSchema
    .meta({
      description: 'how much a packet shares the fate of the one before; 0% unless given, more makes longer bursts',
    })
    .optional(),
  gilbertElliott: gilbertElliottSchema.optional(),
  stream: streamSchema.default('downstream'),
};

type LossParams = z.output<z.ZodObject<typeof shape>>;

/** Chunks and datagrams are lost, singly or in bursts. */
export const packetLossFilter = defineFilter({
  kind: 'packet_loss',
  summary:
    'datagrams are lost, singly or in bursts; on TCP chunks are, and for good: nobody above a proxy sends them again',
  layers: ['stream', 'datagram'],
  shape,
  refine({ loss, correlation, gilbertElliott: model }) {
    if (model === undefined || (loss === undefined && correlation === undefined)) return undefined;
    return { path: ['gilbertElliott'], message: 'give either this, or `loss` and `correlation`' };
  },
  requested: (params) => ({ ...describeLoss(params), stream: params.stream }),
  create(params) {
    const spec = createLoss(params);
    const open = (direction: Direction, _dice: Dice, carried: unknown): LossMachine | undefined =>
      isIn(params.stream, direction) ? new LossMachine(spec, carried) : undefined;
    return { stream: { on: 'any', open }, datagram: { open } };
  },
});

function describeLoss({
  loss = DEFAULT_LOSS,
  correlation = DEFAULT_CORRELATION,
  gilbertElliott: model,
}: LossParams): JsonObject {
  return model === undefined ? { loss, correlation } : { gilbertElliott: model };
}

function createLoss({
  loss = DEFAULT_LOSS,
  correlation = DEFAULT_CORRELATION,
  gilbertElliott: model,
}: LossParams): LossSpec {
  if (model === undefined) return correlatedLoss(loss / 100, correlation / 100);
  return gilbertElliott(model.p / 100, model.r / 100, model.lossGood / 100, model.lossBad / 100);
}

type LossAction =
  | { readonly do: 'pass'; readonly bytes: Buffer; readonly atMs: number }
  | { readonly do: 'drop'; readonly bytes: number };

class LossMachine implements StreamMachine, DatagramMachine {
  readonly #chain: LossChain;

  constructor(spec: LossSpec, carried: unknown) {
    this.#chain = new LossChain(spec, carried);
  }

  onChunk(chunk: Buffer, nowMs: number, dice: Dice): readonly LossAction[] {
    if (this.#chain.next(dice)) return [{ do: 'drop', bytes: chunk.length }];
    return [{ do: 'pass', bytes: chunk, atMs: nowMs }];
  }

  onDatagram(datagram: Buffer, nowMs: number, dice: Dice): readonly LossAction[] {
    return this.onChunk(datagram, nowMs, dice);
  }

  carry(): unknown {
    return this.#chain.carry();
  }
}
