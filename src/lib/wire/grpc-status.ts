/** Status codes of gRPC by name (gRPC's statuscodes.md). */
export const GRPC_STATUS = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

export type GrpcStatusName = keyof typeof GRPC_STATUS;

const CODES: ReadonlyMap<string, number> = new Map(Object.entries(GRPC_STATUS));
const NAMES: readonly string[] = Object.keys(GRPC_STATUS);

/** The code that a name, a number or a number in decimal digits means; undefined when it is none of the 17. */
export function lookupGrpcStatus(status: string | number): number | undefined {
  if (typeof status === 'string')
    return CODES.get(status) ?? (/^(?:\d|1[0-6])$/.test(status) ? Number(status) : undefined);
  return nameOfGrpcStatus(status) === undefined ? undefined : status;
}

/** The name of a code; undefined when it has none. */
export function nameOfGrpcStatus(code: number): string | undefined {
  return NAMES[code];
}

/** Bytes that the header carries as they are: %x20-%x24 and %x26-%x7E. */
const PLAIN_MESSAGE = /^[ -$&-~]*$/;
const ESCAPED = /%([0-9A-Fa-f]{2})/g;

/** A text as the header grpc-message carries it: its UTF-8 bytes, with what is not printable ASCII, and `%`, percent-encoded. */
export function encodeGrpcMessage(text: string): string {
  if (PLAIN_MESSAGE.test(text)) return text;
  let encoded = '';
  for (const byte of Buffer.from(text, 'utf8')) {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    encoded += isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}

/** The text of a grpc-message, a latin1 string. Never fails: a `%` that escapes nothing stays, and bytes that are no UTF-8 become U+FFFD. */
export function decodeGrpcMessage(value: string): string {
  if (PLAIN_MESSAGE.test(value)) return value;
  const bytes = value.replace(ESCAPED, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
