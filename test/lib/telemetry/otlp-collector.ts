import { Server, ServerCredentials, status, type ServiceDefinition } from '@grpc/grpc-js';

/** A span as it arrived over the wire. */
export interface ReceivedSpan {
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for the root. */
  readonly parentSpanId: string;
  readonly startUnixNs: bigint;
  readonly endUnixNs: bigint;
  readonly attributes: Readonly<Record<string, string>>;
  readonly events: readonly string[];
  /** The attributes of each of them. */
  readonly eventAttributes: readonly Readonly<Record<string, string>>[];
  readonly kind: 'internal' | 'server' | 'client' | 'other';
  readonly isError: boolean;
}

export interface Collector {
  readonly endpoint: string;
  readonly spans: readonly ReceivedSpan[];
  close(): void;
}

/**
 * An OTLP/gRPC receiver for traces on loopback, reading the protobuf by hand so that it shares no code with the sender.
 * With `answer: 'refuse'` every export fails, with `'never'` none is ever answered.
 */
export async function openCollector(answer: 'accept' | 'refuse' | 'never' = 'accept'): Promise<Collector> {
  const spans: ReceivedSpan[] = [];
  const server = new Server();
  server.addService(TRACE_SERVICE, {
    Export: (call: { request: Buffer }, reply: (error: object | null, response?: Buffer) => void) => {
      if (answer === 'never') return;
      if (answer === 'refuse') {
        reply({ code: status.PERMISSION_DENIED, details: 'not today' });
        return;
      }
      spans.push(...decodeSpans(call.request));
      reply(null, Buffer.alloc(0));
    },
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  return { endpoint: `http://127.0.0.1:${port}`, spans, close: () => server.forceShutdown() };
}

const asIs = (bytes: Buffer): Buffer => bytes;
const TRACE_SERVICE: ServiceDefinition = {
  Export: {
    path: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
    requestStream: false,
    responseStream: false,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  },
};

/** Field numbers are those of opentelemetry/proto/trace/v1/trace.proto. */
function decodeSpans(request: Buffer): ReceivedSpan[] {
  return inner(request, 1).flatMap((resourceSpans) => {
    const service = inner(resourceSpans, 1).map(decodeAttributes(1))[0]?.['service.name'] ?? '';
    return inner(resourceSpans, 2).flatMap((scopeSpans) =>
      inner(scopeSpans, 2).map((span) => decodeSpan(span, service)),
    );
  });
}

function decodeSpan(bytes: Buffer, service: string): ReceivedSpan {
  const hex = (field: number): string => inner(bytes, field)[0]?.toString('hex') ?? '';
  const time = (field: number): bigint => inner(bytes, field)[0]?.readBigUInt64LE() ?? 0n;
  const state = inner(bytes, 15)[0];
  return {
    service,
    traceId: hex(1),
    spanId: hex(2),
    parentSpanId: hex(4),
    name: inner(bytes, 5)[0]?.toString() ?? '',
    startUnixNs: time(7),
    endUnixNs: time(8),
    attributes: decodeAttributes(9)(bytes),
    events: inner(bytes, 11).map((event) => inner(event, 2)[0]?.toString() ?? ''),
    eventAttributes: inner(bytes, 11).map(decodeAttributes(3)),
    kind: (['other', 'internal', 'server', 'client'] as const)[inner(bytes, 6)[0]?.readUInt8() ?? 0] ?? 'other',
    isError: state !== undefined && inner(state, 3)[0]?.readUInt8() === 2,
  };
}

/** Repeated KeyValue: every value as text; numbers in decimal, lists left out. */
function decodeAttributes(field: number) {
  return (bytes: Buffer): Record<string, string> =>
    Object.fromEntries(
      inner(bytes, field).flatMap((keyValue) => {
        const key = inner(keyValue, 1)[0]?.toString() ?? '';
        const value = inner(keyValue, 2)[0] ?? Buffer.alloc(0);
        const text =
          inner(value, 1)[0]?.toString() ??
          inner(value, 3)[0]?.readBigInt64LE().toString() ??
          inner(value, 4)[0]?.readDoubleLE().toString();
        return text === undefined ? [] : [[key, text]];
      }),
    );
}

/** Every value of one field of a protobuf message; numbers as eight bytes, little end first. */
function inner(message: Buffer, field: number): Buffer[] {
  const found: Buffer[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message.readUInt8(at++);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
  };
  while (at < message.length) {
    const tag = Number(varint());
    let value: Buffer;
    switch (tag & 7) {
      case 0:
        value = Buffer.alloc(8);
        value.writeBigUInt64LE(varint());
        break;
      case 1:
        value = message.subarray(at, (at += 8));
        break;
      case 2: {
        const length = Number(varint());
        value = message.subarray(at, (at += length));
        break;
      }
      case 5:
        value = message.subarray(at, (at += 4));
        break;
      default:
        throw new Error(`wire type ${tag & 7} at ${at}`);
    }
    if (tag >> 3 === field) found.push(value);
  }
  return found;
}
