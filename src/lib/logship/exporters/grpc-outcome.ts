import { GRPC_STATUS, nameOfGrpcStatus, decodeGrpcMessage } from '../../wire/grpc.ts';
import { readPartialSuccess, readRetryDelayMs } from '../../wire/otlp-response.ts';
import { ACCEPTED, type ExportResult } from '../exporter.ts';

/** What came back of a call, wherever in the answer it stood. */
export interface GrpcAnswer {
  readonly httpStatus: number;
  /** `grpc-status`, `grpc-message`, `grpc-status-details-bin` as they came. */
  readonly status: string | undefined;
  readonly message: string | undefined;
  readonly details: string | undefined;
  /** The bytes of the response stream: messages with their five bytes each. */
  readonly data: Buffer;
}

/** Statuses after which the same request may be sent again (OTLP specification, "Failures"). */
const RETRYABLE: readonly number[] = [
  GRPC_STATUS.CANCELLED,
  GRPC_STATUS.DEADLINE_EXCEEDED,
  GRPC_STATUS.ABORTED,
  GRPC_STATUS.OUT_OF_RANGE,
  GRPC_STATUS.UNAVAILABLE,
  GRPC_STATUS.DATA_LOSS,
];
/**
 * What an HTTP status stands for where there is no status of gRPC: whoever answered does not speak it (http-grpc-status-mapping.md), or with 200 broke off
 * before the end.
 */
const HTTP_STATUSES: Readonly<Record<number, number>> = {
  200: GRPC_STATUS.UNAVAILABLE,
  400: GRPC_STATUS.INTERNAL,
  401: GRPC_STATUS.UNAUTHENTICATED,
  403: GRPC_STATUS.PERMISSION_DENIED,
  404: GRPC_STATUS.UNIMPLEMENTED,
  429: GRPC_STATUS.UNAVAILABLE,
  502: GRPC_STATUS.UNAVAILABLE,
  503: GRPC_STATUS.UNAVAILABLE,
  504: GRPC_STATUS.UNAVAILABLE,
};
const MESSAGE_PREFIX_BYTES = 5;
const MAX_REASON_CHARS = 200;

/** What an answer to OTLP over gRPC says of the batch. */
export function outcomeOf({ httpStatus, status, message, details, data }: GrpcAnswer): ExportResult {
  const code = status === undefined ? codeWithout(httpStatus) : Number(status);
  if (code === GRPC_STATUS.OK) {
    const partial = readPartialSuccess(firstMessage(data));
    return partial ? { kind: 'accepted', rejected: partial.rejected, reason: partial.message } : ACCEPTED;
  }
  const text = message === undefined ? (status === undefined ? `HTTP ${httpStatus}` : '') : decodeGrpcMessage(message);
  const reason = `${nameOfGrpcStatus(code) ?? `gRPC status ${code}`}${text === '' ? '' : `: ${text.slice(0, MAX_REASON_CHARS)}`}`;
  const afterMs = details === undefined ? undefined : readRetryDelayMs(Buffer.from(details, 'base64'));
  // Of what is exhausted only the receiver knows whether it comes back: it says so by a delay.
  const isRetryable = RETRYABLE.includes(code) || (code === GRPC_STATUS.RESOURCE_EXHAUSTED && afterMs !== undefined);
  return isRetryable ? { kind: 'later', afterMs, reason } : { kind: 'refused', reason };
}

function codeWithout(httpStatus: number): number {
  return HTTP_STATUSES[httpStatus] ?? GRPC_STATUS.UNKNOWN;
}

/** Without its five bytes; an answer that is compressed is not asked for. */
function firstMessage(data: Buffer): Buffer {
  if (data.length < MESSAGE_PREFIX_BYTES) return Buffer.alloc(0);
  return data.subarray(MESSAGE_PREFIX_BYTES, MESSAGE_PREFIX_BYTES + data.readUInt32BE(1));
}
