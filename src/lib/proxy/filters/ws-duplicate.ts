import { defineFilter } from '../filter.ts';
import { onlyDirection, streamSchema } from './directions.ts';

/** Messages of WebSockets arrive twice. */
export const wsDuplicateFilter = defineFilter({
  kind: 'ws_duplicate',
  summary: 'messages of WebSockets arrive twice, one right after the other',
  layers: ['message'],
  shape: { stream: streamSchema.default('downstream') },
  requested: ({ stream }) => ({ stream }),
  create: ({ stream }) => ({
    message: { on: 'websocket', direction: onlyDirection(stream), onMessage: () => ({ do: 'duplicate' }) },
  }),
});
