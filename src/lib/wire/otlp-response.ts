import { readProtobuf, type ProtobufField } from './protobuf-reader.ts';

/** What a receiver has not taken of a batch that it has answered with success (opentelemetry-proto, ExportLogsPartialSuccess). */
export interface PartialSuccess {
  readonly rejected: number;
  readonly message: string;
}

/** Reads an ExportLogsServiceResponse in protobuf; undefined when all was taken. Bytes that are none count as such, as an empty answer does. */
export function readPartialSuccess(response: Buffer): PartialSuccess | undefined {
  const partial = bytesOf(readProtobuf(response), 1);
  const fields = partial && readProtobuf(partial);
  if (fields === undefined) return undefined;
  const rejected = fields.find(({ number, type }) => number === 1 && type === 'varint')?.value ?? 0n;
  const message = bytesOf(fields, 2)?.toString('utf8') ?? '';
  if (typeof rejected !== 'bigint' || (rejected === 0n && message === '')) return undefined;
  return { rejected: Number(BigInt.asIntN(64, rejected)), message };
}

/** The message of a google.rpc.Status, which errors of OTLP over HTTP carry; undefined when there is none. */
export function readStatusMessage(status: Buffer): string | undefined {
  const message = bytesOf(readProtobuf(status), 2)?.toString('utf8');
  return message === '' ? undefined : message;
}

/** `retry_delay` in ms of the RetryInfo among the details of a google.rpc.Status; undefined when it has none. */
export function readRetryDelayMs(status: Buffer): number | undefined {
  for (const field of readProtobuf(status) ?? []) {
    if (field.number !== 3 || field.type !== 'bytes') continue;
    const any = readProtobuf(field.value);
    if (bytesOf(any, 1)?.toString('latin1').endsWith('/google.rpc.RetryInfo') !== true) continue;
    const info = bytesOf(any, 2);
    const delay = readProtobuf(bytesOf(info && readProtobuf(info), 1) ?? Buffer.alloc(0));
    return numberOf(delay, 1) * 1000 + numberOf(delay, 2) / 1e6;
  }
  return undefined;
}

function bytesOf(fields: readonly ProtobufField[] | undefined, number: number): Buffer | undefined {
  const field = fields?.find((one) => one.number === number);
  return field?.type === 'bytes' ? field.value : undefined;
}

function numberOf(fields: readonly ProtobufField[] | undefined, number: number): number {
  const field = fields?.find((one) => one.number === number);
  return field?.type === 'varint' ? Number(BigInt.asIntN(64, field.value)) : 0;
}
