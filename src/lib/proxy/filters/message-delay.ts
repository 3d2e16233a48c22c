import { defineFilter } from '../filter.ts';
import { createDelays, DELAY_FILE_PARAMS, delayShape, describeDelays, refineDelays } from './delays.ts';
import { onlyDirection, streamSchema } from './directions.ts';
import { drawDelayMs } from './distribution.ts';

/** A kind that makes the messages of one protocol late, each by a delay of its own; their order stays. */
export function defineMessageDelay(kind: string, on: 'grpc' | 'websocket', what: string) {
  return defineFilter({
    kind,
    summary: `${what} come late, each after a delay of its own; their order stays`,
    layers: ['message'],
    shape: { ...delayShape, stream: streamSchema.default('downstream') },
    fileParams: DELAY_FILE_PARAMS,
    refine: refineDelays,
    requested: (params) => ({ ...describeDelays(params), stream: params.stream }),
    create(params) {
      const spec = createDelays(params);
      return {
        message: {
          on,
          direction: onlyDirection(params.stream),
          onMessage: (_message, dice) => ({ do: 'delay', delayMs: drawDelayMs(spec, dice) }),
        },
      };
    },
  });
}
