import { defineFilter } from '../filter.ts';
import { createDelays, DELAY_FILE_PARAMS, delayShape, describeDelays, refineDelays } from './delays.ts';
import { onlyDirection, streamSchema } from './directions.ts';
import { drawDelayMs } from './distribution.ts';

/** Messages of WebSockets come late. */
export const wsDelayFilter = defineFilter({
  kind: 'ws_delay',
  summary: 'messages of WebSockets come late, each after a delay of its own; their order stays',
  layers: ['message'],
  shape: { ...delayShape, stream: streamSchema.default('downstream') },
  fileParams: DELAY_FILE_PARAMS,
  refine: refineDelays,
  requested: (params) => ({ ...describeDelays(params), stream: params.stream }),
  create(params) {
    const spec = createDelays(params);
    return {
      message: {
        on: 'websocket',
        direction: onlyDirection(params.stream),
        onMessage: (_message, dice) => ({ do: 'delay', delayMs: drawDelayMs(spec, dice) }),
      },
    };
  },
});
