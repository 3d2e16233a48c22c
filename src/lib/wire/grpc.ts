/** gRPC over HTTP/2 (gRPC's PROTOCOL-HTTP2.md): what requests say of themselves is here, and the rest at hand beside it. */
export {
  encodeBinaryHeader,
  encodeRpcDetail,
  encodeRpcStatus,
  type RpcDetail,
  type RpcStatus,
} from './grpc-details.ts';
export { GrpcMessageScanner } from './grpc-messages.ts';
export {
  decodeGrpcMessage,
  encodeGrpcMessage,
  GRPC_STATUS,
  lookupGrpcStatus,
  nameOfGrpcStatus,
  type GrpcStatusName,
} from './grpc-status.ts';

/** `application/grpc`, with a message format after `+` or parameters after `;`. Not grpc-web, which is another protocol. */
const CONTENT_TYPE = /^application\/grpc(?:[+;]|\s*$)/i;
/** At most 8 digits and a unit. */
const TIMEOUT = /^(\d{1,8})([HMSmun])$/;
const TIMEOUT_UNITS_MS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/** Whether a content-type is that of gRPC. */
export function isGrpcContentType(value: string): boolean {
  return CONTENT_TYPE.test(value);
}

/**
 * `/pkg.Service/Method` → `pkg.Service` and `Method`; undefined when it is no path of a method. What stands before the last slash is the
 * service, as the common servers have it.
 */
export function parseGrpcPath(path: string): { readonly service: string; readonly method: string } | undefined {
  const slash = path.lastIndexOf('/');
  if (slash < 2 || slash === path.length - 1 || !path.startsWith('/')) return undefined;
  return { service: path.slice(1, slash), method: path.slice(slash + 1) };
}

/** The value of grpc-timeout in milliseconds, such as `250m` → 250, `100u` → 0.1; undefined when it is none. */
export function parseGrpcTimeoutMs(value: string): number | undefined {
  const [, digits, unit = ''] = TIMEOUT.exec(value) ?? [];
  return digits === undefined ? undefined : Number(digits) * (TIMEOUT_UNITS_MS[unit] ?? Number.NaN);
}
