import { nearest } from '../errors/nearest.ts';
import { ProtobufWriter } from './protobuf-writer.ts';

/** A google.protobuf.Any: a message with the name of its type. */
export interface RpcDetail {
  readonly typeUrl: string;
  readonly value: Buffer;
}

/** A google.rpc.Status. */
export interface RpcStatus {
  readonly code: number;
  readonly message: string;
  readonly details: readonly RpcDetail[];
}

type Kind = 'string' | 'strings' | 'map' | 'duration' | { readonly one: Fields } | { readonly many: Fields };
/** The fields of a message by their names in JSON, each with its number. */
interface Fields {
  readonly [name: string]: readonly [number: number, kind: Kind];
}

const TYPE_PREFIX = 'type.googleapis.com/google.rpc.';
const LOCALIZED: Fields = { locale: [1, 'string'], message: [2, 'string'] };

/** google/rpc/error_details.proto. */
const DETAILS: ReadonlyMap<string, Fields> = new Map<string, Fields>([
  ['RetryInfo', { retryDelay: [1, 'duration'] }],
  ['ErrorInfo', { reason: [1, 'string'], domain: [2, 'string'], metadata: [3, 'map'] }],
  ['DebugInfo', { stackEntries: [1, 'strings'], detail: [2, 'string'] }],
  ['QuotaFailure', { violations: [1, { many: { subject: [1, 'string'], description: [2, 'string'] } }] }],
  [
    'PreconditionFailure',
    { violations: [1, { many: { type: [1, 'string'], subject: [2, 'string'], description: [3, 'string'] } }] },
  ],
  [
    'BadRequest',
    {
      fieldViolations: [
        1,
        {
          many: {
            field: [1, 'string'],
            description: [2, 'string'],
            reason: [3, 'string'],
            localizedMessage: [4, { one: LOCALIZED }],
          },
        },
      ],
    },
  ],
  ['RequestInfo', { requestId: [1, 'string'], servingData: [2, 'string'] }],
  [
    'ResourceInfo',
    { resourceType: [1, 'string'], resourceName: [2, 'string'], owner: [3, 'string'], description: [4, 'string'] },
  ],
  ['Help', { links: [1, { many: { description: [1, 'string'], url: [2, 'string'] } }] }],
  ['LocalizedMessage', LOCALIZED],
]);

/** A google.protobuf.Duration in JSON, and how far it reaches: about 10,000 years. */
const DURATION = /^(-?)(\d+)(?:\.(\d{1,9}))?s$/;
const MAX_DURATION_SECONDS = 315_576_000_000;

/** A google.rpc.Status in protobuf, as grpc-status-details-bin carries it. */
export function encodeRpcStatus({ code, message, details }: RpcStatus): Buffer {
  const writer = new ProtobufWriter().int(1, code).string(2, message);
  for (const { typeUrl, value } of details) {
    writer.message(3, new ProtobufWriter().string(1, typeUrl).bytes(2, value).finish());
  }
  return writer.finish();
}

/** Bytes as the value of a header whose name ends in -bin: base64 without padding (gRPC's PROTOCOL-HTTP2.md). */
export function encodeBinaryHeader(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}

/**
 * A detail of google/rpc/error_details.proto from its JSON, such as
 * `{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1.5s"}`. Names of fields may also be as in the .proto file
 * (`retry_delay`), as proto3 JSON has it. Throws an Error that says what would be right.
 */
export function encodeRpcDetail(json: unknown): RpcDetail {
  const object = objectOf(json, 'a detail');
  const { '@type': typeUrl, ...rest } = object;
  const fields = fieldsOfType(typeUrl);
  return { typeUrl: String(typeUrl), value: encodeMessage(rest, fields, '') };
}

function fieldsOfType(typeUrl: unknown): Fields {
  const names = [...DETAILS.keys()];
  const right = `expected ${TYPE_PREFIX} and one of ${names.join(', ')}`;
  if (typeof typeUrl !== 'string') throw new Error(`"@type" is missing; ${right}`);
  const fields = typeUrl.startsWith(TYPE_PREFIX) ? DETAILS.get(typeUrl.slice(TYPE_PREFIX.length)) : undefined;
  if (fields !== undefined) return fields;
  const meant = nearest(typeUrl.replace(/^.*[./]/, ''), names);
  const hint = meant === undefined ? right : `did you mean ${TYPE_PREFIX}${meant}?`;
  throw new Error(`"@type": ${JSON.stringify(typeUrl)} is unknown; ${hint}`);
}

function encodeMessage(object: Readonly<Record<string, unknown>>, fields: Fields, path: string): Buffer {
  const writer = new ProtobufWriter();
  const values = new Map<string, unknown>();
  for (const [key, value] of Object.entries(object)) {
    const name = camelCase(key);
    if (!Object.hasOwn(fields, name))
      throw new Error(`${path}${key} is unknown; ${suggestion(key, Object.keys(fields))}`);
    if (values.has(name)) throw new Error(`${path}${name} is given twice; expected it once`);
    values.set(name, value);
  }
  for (const [name, [number, kind]] of Object.entries(fields)) {
    const value = values.get(name) ?? undefined;
    if (value !== undefined) encodeField(writer, number, kind, value, path + name);
  }
  return writer.finish();
}

function encodeField(writer: ProtobufWriter, number: number, kind: Kind, value: unknown, path: string): void {
  switch (kind) {
    case 'string':
      writer.string(number, textOf(value, path));
      return;
    case 'strings':
      listOf(value, path).forEach((item, i) => writer.message(number, Buffer.from(textOf(item, `${path}[${i}]`))));
      return;
    case 'map':
      for (const [key, item] of Object.entries(objectOf(value, path))) {
        const entry = new ProtobufWriter().string(1, key).string(2, textOf(item, `${path}.${key}`));
        writer.message(number, entry.finish());
      }
      return;
    case 'duration':
      writer.message(number, encodeDuration(textOf(value, path), path));
      return;
    default:
      if ('one' in kind) writer.message(number, encodeMessage(objectOf(value, path), kind.one, `${path}.`));
      else encodeMany(writer, number, kind.many, value, path);
  }
}

function encodeMany(writer: ProtobufWriter, number: number, fields: Fields, value: unknown, path: string): void {
  for (const [i, item] of listOf(value, path).entries()) {
    const itemPath = `${path}[${i}]`;
    writer.message(number, encodeMessage(objectOf(item, itemPath), fields, `${itemPath}.`));
  }
}

function encodeDuration(text: string, path: string): Buffer {
  const [, sign, whole, fraction = ''] = DURATION.exec(text) ?? [];
  const seconds = Number(whole);
  const nanos = Number(fraction.padEnd(9, '0'));
  const isTooLong = seconds > MAX_DURATION_SECONDS || (seconds === MAX_DURATION_SECONDS && nanos > 0);
  if (whole === undefined || isTooLong) {
    throw new Error(
      `${path}: expected seconds such as "1.5s" or "30s", up to 315576000000s, not ${JSON.stringify(text)}`,
    );
  }
  const factor = sign === '-' ? -1 : 1;
  return new ProtobufWriter()
    .int(1, factor * seconds)
    .int(2, factor * nanos)
    .finish();
}

function textOf(value: unknown, path: string): string {
  if (typeof value === 'string') return value;
  throw new Error(`${path}: expected a text, not ${JSON.stringify(value)}`);
}

function listOf(value: unknown, path: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new Error(`${path}: expected a list, not ${JSON.stringify(value)}`);
}

function objectOf(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new Error(`${path}: expected an object with keys, not ${JSON.stringify(value)}`);
}

function suggestion(word: string, candidates: readonly string[]): string {
  const meant = nearest(word, candidates);
  return meant === undefined ? `expected one of ${candidates.join(', ')}` : `did you mean ${meant}?`;
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
