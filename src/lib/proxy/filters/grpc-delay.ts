import { defineFilter } from '../filter.ts';
import { createDelays, DELAY_FILE_PARAMS, delayShape, describeDelays, refineDelays } from './delays.ts';
import { onlyDirection, streamSchema } from './directions.ts';
import { drawDelayMs } from './distribution.ts';

/** Messages of gRPC calls come late. */
export const grpcDelayFilter = defineFilter({
  kind: 'grpc_delay',
  summary: 'messages of gRPC calls come late, each after a delay of its own; their order stays',
  layers: ['message'],
  shape: { ...delayShape, stream: streamSchema.default('downstream') },
  fileParams: DELAY_FILE_PARAMS,
  refine: refineDelays,
  requested: (params) => ({ ...describeDelays(params), stream: params.stream }),
  create(params) {
    const spec = createDelays(params);
    return {
      message: {
        on: 'grpc',
        direction: onlyDirection(params.stream),
        onMessage: (_message, dice) => ({ do: 'delay', delayMs: drawDelayMs(spec, dice) }),
      },
    };
  },
});
