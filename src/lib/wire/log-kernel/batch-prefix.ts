import { keyValue, type OtlpAttributes } from '../otlp-attributes.ts';
import { ProtobufWriter, varint } from '../protobuf-writer.ts';

/** Fields of the OTLP messages around log records: opentelemetry/proto/logs/v1/logs.proto, and resource and scope in their own files. */
const RESOURCE = 1;
const RESOURCE_ATTRIBUTES = 1;
const SCOPE = 1;
const SCOPE_NAME = 1;
const SCOPE_VERSION = 2;
const RESOURCE_LOGS_TAG = 0x0a;
const SCOPE_LOGS_TAG = 0x12;
/** A tag and the longest length of a message below 2 GiB. */
const MAX_HEAD_BYTES = 6;

/**
 * What a batch begins with, and how much: everything but two lengths is the same for all.
 *
 *     0a length  0a length resource…  12 length  0a length scope…  │ 12 length record │ 12 length record │ …
 *     └ resource_logs                 └ scope_logs                   └ log_records, already there
 */
export class BatchPrefix {
  readonly #resource: Buffer;
  readonly #scope: Buffer;
  /** No prefix is longer. */
  readonly maxBytes: number;

  constructor(resource: OtlpAttributes, scope: { readonly name: string; readonly version: string }) {
    const attributes = new ProtobufWriter();
    for (const [key, value] of Object.entries(resource)) attributes.message(RESOURCE_ATTRIBUTES, keyValue(key, value));
    const named = new ProtobufWriter().string(SCOPE_NAME, scope.name).string(SCOPE_VERSION, scope.version);
    this.#resource = new ProtobufWriter().message(RESOURCE, attributes.finish()).finish();
    this.#scope = new ProtobufWriter().message(SCOPE, named.finish()).finish();
    this.maxBytes = this.#resource.length + this.#scope.length + 2 * MAX_HEAD_BYTES;
  }

  /** Writes it so that it ends where the records begin, and returns where it begins. */
  writeBefore(recordsAt: number, recordsBytes: number, memory: Buffer): number {
    const scopeLogsBytes = this.#scope.length + recordsBytes;
    const scopeLogs = Buffer.concat([Buffer.of(SCOPE_LOGS_TAG), varint(scopeLogsBytes)]);
    const resourceLogsBytes = this.#resource.length + scopeLogs.length + scopeLogsBytes;
    const resourceLogs = Buffer.concat([Buffer.of(RESOURCE_LOGS_TAG), varint(resourceLogsBytes)]);
    const prefix = Buffer.concat([resourceLogs, this.#resource, scopeLogs, this.#scope]);
    prefix.copy(memory, recordsAt - prefix.length);
    return recordsAt - prefix.length;
  }
}
