import { defineFilter, type Filter } from '../filter.ts';
import { createDelays, DELAY_FILE_PARAMS, delayShape, describeDelays, refineDelays } from './delays.ts';
import { isIn, streamSchema, type Streams } from './directions.ts';
import { drawDelayMs, type DelaySpec } from './distribution.ts';
import { LateMachine } from './late-machine.ts';

/**
 * What it delays:
 *
 *                      without `stream`                         with `stream`
 *     HTTP             a request, before its head is passed on  the bytes of the connection
 *     other bytes      each chunk from the service              each chunk in that direction
 *     datagrams        each from the service                    each in that direction
 */
export const latencyFilter = defineFilter({
  kind: 'latency',
  summary: 'answers come late: a delay before each chosen request, or on the bytes or datagrams of a connection',
  layers: ['stream', 'request', 'datagram'],
  shape: {
    ...delayShape,
    stream: streamSchema
      .meta({
        description:
          'the bytes or datagrams that are late, also those of HTTP: upstream (from the client), downstream (from the service) or both; without it HTTP requests wait as a whole, and of all else what the service sends',
      })
      .optional(),
  },
  fileParams: DELAY_FILE_PARAMS,
  refine: refineDelays,
  requested: (params) => ({
    ...describeDelays(params),
    ...(params.stream === undefined ? {} : { stream: params.stream }),
  }),
  create(params) {
    const spec = createDelays(params);
    if (params.stream !== undefined) return lateBytes(spec, 'any', params.stream);
    return {
      ...lateBytes(spec, 'raw', 'downstream'),
      request: { onRequest: (_request, dice) => ({ do: 'delay', delayMs: drawDelayMs(spec, dice) }) },
    };
  },
});

function lateBytes(spec: DelaySpec, on: 'any' | 'raw', streams: Streams): Filter {
  const machine = new LateMachine(spec);
  const open = (direction: Parameters<typeof isIn>[1]): LateMachine | undefined =>
    isIn(streams, direction) ? machine : undefined;
  return { stream: { on, open }, datagram: { open } };
}
