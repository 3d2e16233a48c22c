import { z } from 'zod';
import { messageOf } from '../../errors/app-error.ts';
import type { JsonObject } from '../../events/json.ts';
import { encodeRpcDetail, encodeRpcStatus, GRPC_STATUS, lookupGrpcStatus } from '../../wire/grpc.ts';
import { defineFilter, type RequestAction } from '../filter.ts';
import { afterSchema } from './after.ts';

/** More than any service sends. */
const MAX_DETAILS = 32;
/** As base64 they are a header of 8 KiB, the most that gRPC clients take unless told otherwise. */
const MAX_DETAILS_BYTES = 6144;
const MAX_MESSAGE_CHARACTERS = 1024;

/** The highest status there is, UNAUTHENTICATED. */
const MAX_STATUS = 16;
const ERRORS = Object.keys(GRPC_STATUS).filter((name) => name !== 'OK');
const EXPECTED = `expected the gRPC status of an error: ${ERRORS.join(', ')}, or a number from 1 to ${MAX_STATUS}`;

/** A gRPC status by its name or number, but not OK; comes out as the number. */
const statusSchema = z
  .union([z.enum(ERRORS), z.int().min(1, EXPECTED).max(MAX_STATUS, EXPECTED)], { error: EXPECTED })
  .transform((status) => lookupGrpcStatus(status) ?? GRPC_STATUS.UNKNOWN);

/** A chosen gRPC call ends with a status of the proxy's, in place of the service's answer or in the middle of it. */
export const grpcStatusFilter = defineFilter({
  kind: 'grpc_status',
  summary: 'chosen gRPC calls end with a status, at once or after some messages of the service',
  layers: ['request'],
  shape: {
    code: statusSchema.meta({ description: 'the status, by name or number; any but OK' }).prefault('UNAVAILABLE'),
    message: z.string().max(MAX_MESSAGE_CHARACTERS).default('').meta({ description: 'the message that goes with it' }),
    details: z
      .array(z.record(z.string(), z.json()))
      .max(MAX_DETAILS)
      .meta({ description: 'details of google.rpc such as RetryInfo, each as JSON with its "@type"' })
      .optional(),
    after: afterSchema.meta({ description: 'so many messages of the service pass before it' }),
  },
  refine: ({ code, message, details = [] }) => refineDetails(code, message, details),
  requested: ({ code, message, details, after }) => ({
    code,
    message,
    ...(details === undefined ? {} : { details }),
    after,
  }),
  create({ code, message, details = [], after }) {
    const bytes = details.length === 0 ? undefined : encodeStatus(code, message, details);
    const action: RequestAction = { do: 'grpc-status', code, message, details: bytes, afterMessages: after };
    return { request: { only: 'grpc', onRequest: () => action } };
  },
});

/** The mistake in the details, at the one that has it. */
function refineDetails(code: number, message: string, details: readonly JsonObject[]) {
  for (const [index, detail] of details.entries()) {
    try {
      encodeRpcDetail(detail);
    } catch (error) {
      return { path: ['details', String(index)], message: messageOf(error) };
    }
  }
  if (encodeStatus(code, message, details).length <= MAX_DETAILS_BYTES) return undefined;
  return { path: ['details'], message: `expected at most ${MAX_DETAILS_BYTES} bytes when encoded, with the message` };
}

function encodeStatus(code: number, message: string, details: readonly JsonObject[]): Buffer {
  return encodeRpcStatus({ code, message, details: details.map(encodeRpcDetail) });
}
