import { defineFilter, type RequestAction } from '../filter.ts';
import { afterSchema } from './after.ts';
import { http2CodeSchema } from './http2-codes.ts';

/** A chosen HTTP/2 request is ended by RST_STREAM (RFC 9113 section 6.4); the connection and its other requests go on. */
export const rstStreamFilter = defineFilter({
  kind: 'rst_stream',
  summary: 'chosen HTTP/2 requests are ended by RST_STREAM, and others on the same connection go on',
  layers: ['request'],
  shape: {
    code: http2CodeSchema
      .meta({ description: 'the error that the client is told, by name or number' })
      .prefault('CANCEL'),
    after: afterSchema.meta({ description: 'gRPC: so many messages of the service pass before it' }),
  },
  requested: ({ code, after }) => ({ code, after }),
  create({ code, after }) {
    const action: RequestAction = { do: 'reset-stream', code, afterMessages: after };
    return { request: { only: 'http2', onRequest: () => action } };
  },
});
