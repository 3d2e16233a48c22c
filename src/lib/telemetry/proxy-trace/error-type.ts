import type { ExchangeOutcome } from '../../proxy/tracing.ts';

/** gRPC statuses that are the server's fault (semantic conventions for gRPC): UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL … */
const GRPC_SERVER_FAULTS: readonly number[] = [2, 4, 12, 13, 14, 15];
/** From here on a status is the server's fault; from the other on, whoever sent the request counts it as failed. */
const LEAST_SERVER_FAULT = 500;
const LEAST_CLIENT_FAULT = 400;

/**
 * `error.type`, or undefined when a span of this side is not failed: what a client did wrong is not the server's failure, but any request
 * that did not succeed is the client's.
 */
export function errorType(
  { status, grpcStatus, error }: ExchangeOutcome,
  side: 'server' | 'client',
): string | undefined {
  // The client has a good answer: it is for the side of the service that the request failed.
  if (error?.startsWith('fallback;') === true) return side === 'client' ? 'fallback' : undefined;
  if (error !== undefined) return error;
  if (grpcStatus !== undefined) {
    const isFailed = side === 'server' ? GRPC_SERVER_FAULTS.includes(grpcStatus) : grpcStatus !== 0;
    return isFailed ? String(grpcStatus) : undefined;
  }
  if (status === undefined) return 'no-answer';
  return status >= (side === 'server' ? LEAST_SERVER_FAULT : LEAST_CLIENT_FAULT) ? String(status) : undefined;
}
