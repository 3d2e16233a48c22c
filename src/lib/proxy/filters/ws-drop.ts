import { defineFilter } from '../filter.ts';
import { onlyDirection, streamSchema } from './directions.ts';

/** Messages of WebSockets are lost. */
export const wsDropFilter = defineFilter({
  kind: 'ws_drop',
  summary: 'messages of WebSockets are lost, and those after them arrive',
  layers: ['message'],
  shape: { stream: streamSchema.default('downstream') },
  requested: ({ stream }) => ({ stream }),
  create: ({ stream }) => ({
    message: { on: 'websocket', direction: onlyDirection(stream), onMessage: () => ({ do: 'drop' }) },
  }),
});
