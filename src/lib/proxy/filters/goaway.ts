import { z } from 'zod';
import { defineFilter, type RequestAction } from '../filter.ts';
import { http2CodeSchema } from './http2-codes.ts';

/** A frame is as large as that for every peer (RFC 9113 section 4.2), and nobody reads a novel there. */
const MAX_DEBUG_BYTES = 1024;

/** A chosen HTTP/2 request makes the proxy send GOAWAY on its connection (RFC 9113 section 6.8). */
export const goawayFilter = defineFilter({
  kind: 'goaway',
  summary: 'chosen HTTP/2 requests make the proxy say GOAWAY to the client, and close the connection if asked to',
  layers: ['request'],
  shape: {
    code: http2CodeSchema
      .meta({ description: 'the reason that the client is told, by name or number' })
      .prefault('NO_ERROR'),
    debug: z
      .string()
      .refine((text) => Buffer.byteLength(text) <= MAX_DEBUG_BYTES, `expected at most ${MAX_DEBUG_BYTES} bytes`)
      .default('')
      .meta({ description: 'text for whoever debugs the client; at most 1024 bytes' }),
    cut: z
      .boolean()
      .default(false)
      .meta({ description: 'true: the connection is closed at once; false: other requests under way may end' }),
  },
  requested: ({ code, debug, cut }) => ({ code, debug, cut }),
  create({ code, debug, cut }) {
    const action: RequestAction = { do: 'goaway', code, debug, cut };
    return { request: { only: 'http2', onRequest: () => action } };
  },
});
