import { encodeBinaryHeader, encodeGrpcMessage } from '../../../wire/grpc.ts';
import type { HeaderField } from '../../../wire/hpack.ts';
import { CONNECTION_FIELDS } from './http2-edits.ts';
import type { Http2Lane } from './http2-lane.ts';
import { MARKER_HEADER, type Answer, type Marker } from '../http1/answer.ts';

/** An answer of ours goes to the client; to HEAD without its body. */
export function writeAnswer(lane: Http2Lane, { status, headers, body, marker }: Answer, isToHead: boolean): void {
  const hasBody = body.length > 0 && !isToHead;
  lane.headers(answerFields(status, headers, body.length, marker), undefined, !hasBody, true);
  if (hasBody) lane.ownData(body, true);
}

/** The head of an answer of ours. */
function answerFields(
  status: number,
  headers: readonly (readonly [string, string])[],
  bodyBytes: number,
  marker: Marker,
): HeaderField[] {
  return [
    { name: ':status', value: String(status) },
    ...headers
      .map(([name, value]) => ({ name: name.toLowerCase(), value }))
      .filter(({ name }) => !CONNECTION_FIELDS.has(name)),
    { name: 'content-length', value: String(bodyBytes) },
    { name: MARKER_HEADER, value: marker },
  ];
}

export interface GrpcEnding {
  readonly code: number;
  readonly message: string;
  readonly details?: Buffer | undefined;
  /** Of our own making, beside those of gRPC. */
  readonly headers?: readonly (readonly [string, string])[];
}

/** RESOURCE_EXHAUSTED and UNAVAILABLE, as a gRPC client would take 429 and 503 (gRPC's table of HTTP statuses has it so for gateways), and DEADLINE_EXCEEDED. */
const CODES = new Map([
  ['rate-limited', 8],
  ['timeout', 4],
]);
const UNAVAILABLE = 14;

/** An answer of ours to a gRPC call. */
export function grpcEndingOf({ headers, body, marker }: Answer): GrpcEnding {
  const message = body.toString().replace(/^faultline: |\n$/g, '');
  const own = headers.filter(([name]) => name !== 'content-type');
  return { code: CODES.get(marker) ?? UNAVAILABLE, message, headers: own };
}

/** The end of a gRPC call by us: trailers alone when nothing has been sent yet (gRPC over HTTP/2: Trailers-Only). */
export function grpcEndFields(
  { code, message, details, headers = [] }: GrpcEnding,
  isFirst: boolean,
  marker: Marker,
): HeaderField[] {
  const head = [
    { name: ':status', value: '200' },
    { name: 'content-type', value: 'application/grpc' },
  ];
  return [
    ...(isFirst ? head : []),
    { name: 'grpc-status', value: String(code) },
    ...(message === '' ? [] : [{ name: 'grpc-message', value: encodeGrpcMessage(message) }]),
    ...(details === undefined ? [] : [{ name: 'grpc-status-details-bin', value: encodeBinaryHeader(details) }]),
    ...headers.map(([name, value]) => ({ name: name.toLowerCase(), value })),
    { name: MARKER_HEADER, value: marker },
  ];
}
