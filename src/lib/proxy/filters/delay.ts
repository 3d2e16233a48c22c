import { z } from 'zod';
import { defineFilter, type RequestAction } from '../filter.ts';
import { createDelays, DELAY_FILE_PARAMS, delayShape, describeDelays, refineDelays } from './delays.ts';
import { drawDelayMs } from './distribution.ts';
import { LateMachine } from './late-machine.ts';

/** A chosen request waits before its head is passed on, or each chunk of one of its bodies is late. */
export const delayFilter = defineFilter({
  kind: 'delay',
  summary: 'chosen HTTP requests wait before they are passed on, or the chunks of their body come late',
  layers: ['request'],
  shape: {
    ...delayShape,
    at: z
      .enum(['head', 'body'])
      .default('head')
      .meta({ description: 'head: the request waits as a whole; body: each chunk of a body is late' }),
    stream: z
      .enum(['upstream', 'downstream'])
      .meta({ description: 'for body: that of the request (upstream) or of the answer (downstream, unless given)' })
      .optional(),
  },
  fileParams: DELAY_FILE_PARAMS,
  refine(params) {
    if (params.at === 'head' && params.stream !== undefined)
      return { path: ['stream'], message: '`stream` is for `at: body`' };
    return refineDelays(params);
  },
  requested: (params) => ({
    ...describeDelays(params),
    at: params.at,
    ...(params.at === 'body' ? { stream: params.stream ?? 'downstream' } : {}),
  }),
  create(params) {
    const spec = createDelays(params);
    if (params.at === 'head') {
      return { request: { onRequest: (_request, dice) => ({ do: 'delay', delayMs: drawDelayMs(spec, dice) }) } };
    }
    const machine = new LateMachine(spec);
    const pace: RequestAction = { do: 'pace', direction: params.stream ?? 'downstream', open: () => machine };
    return { request: { onRequest: () => pace } };
  },
});
