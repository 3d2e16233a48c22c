import { defineFilter, type StreamAction, type StreamMachine } from '../filter.ts';

/** HTTP: the connection of a chosen request is reset when its head is read (HTTP/2: the request). Other connections: at once. */
export const abortFilter = defineFilter({
  kind: 'abort',
  summary: 'chosen requests or connections are cut off by a TCP reset (RST)',
  layers: ['stream', 'request'],
  shape: {},
  requested: () => ({}),
  create: () => ({
    request: { onRequest: () => ({ do: 'reset' }) },
    // One reset is enough for both directions.
    stream: { on: 'raw', open: (direction) => (direction === 'upstream' ? abortMachine : undefined) },
  }),
});

const reset = (nowMs: number): StreamAction => ({ do: 'reset', atMs: nowMs });

/** It keeps nothing, so that all connections can have the same one. */
const abortMachine: StreamMachine = {
  onOpen: (nowMs) => [reset(nowMs)],
  onChunk: (chunk, nowMs) => [reset(nowMs), { do: 'drop', bytes: chunk.length }],
};
