import { z } from 'zod';
import { isSendableCloseCode } from '../../wire/websocket-frames.ts';
import { defineFilter } from '../filter.ts';
import { afterSchema } from './after.ts';
import { onlyDirection, streamSchema } from './directions.ts';

/** A control frame carries 125 bytes, and the code takes two of them (RFC 6455 section 5.5). */
const MAX_REASON_BYTES = 123;

const EXPECTED = 'expected a close code that may be sent: 1000–1003, 1007–1014 or 3000–4999';

/** A WebSocket is closed in place of a message; one that had more messages before the fault began, in place of its next. */
export const wsCloseFilter = defineFilter({
  kind: 'ws_close',
  summary: 'WebSockets are closed with a code and a reason, in place of a message',
  layers: ['message'],
  shape: {
    code: z
      .int()
      .min(1000, EXPECTED)
      .max(4999, EXPECTED)
      .refine(isSendableCloseCode, EXPECTED)
      .default(1011)
      .meta({ description: 'the close code, 1011 (internal error) unless given (RFC 6455 section 7.4)' }),
    reason: z
      .string()
      .refine((text) => Buffer.byteLength(text) <= MAX_REASON_BYTES, `expected at most ${MAX_REASON_BYTES} bytes`)
      .default('')
      .meta({ description: 'the reason that is told; at most 123 bytes' }),
    after: afterSchema.meta({ description: 'so many messages pass before it' }),
    stream: streamSchema.default('downstream'),
  },
  requested: ({ code, reason, after, stream }) => ({ code, reason, after, stream }),
  create: ({ code, reason, after, stream }) => ({
    message: {
      on: 'websocket',
      direction: onlyDirection(stream),
      onMessage: ({ ordinal }) => (ordinal < after ? undefined : { do: 'close', code, reason }),
    },
  }),
});
