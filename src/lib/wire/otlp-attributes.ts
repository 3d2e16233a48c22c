import { ProtobufWriter, varint } from './protobuf-writer.ts';

export type OtlpAttributeValue = string | number | boolean;
export type OtlpAttributes = Readonly<Record<string, OtlpAttributeValue>>;

/** The fields of opentelemetry/proto/common/v1/common.proto: KeyValue, and AnyValue's oneof. */
const KEY = 1;
const VALUE = 2;
const STRING_VALUE = 1;
const BOOL_TAG = 0x10;
const INT_TAG = 0x18;
const DOUBLE_TAG = 0x21;

/** One KeyValue message. A number is an int when it is a safe integer, else a double. */
export function keyValue(key: string, value: OtlpAttributeValue): Buffer {
  return new ProtobufWriter().string(KEY, key).message(VALUE, anyValue(value)).finish();
}

/** An AnyValue; what is a default elsewhere is written here, since it says which type the value has. */
export function anyValue(value: OtlpAttributeValue): Buffer {
  if (typeof value === 'string') return new ProtobufWriter().message(STRING_VALUE, Buffer.from(value)).finish();
  if (typeof value === 'boolean') return Buffer.of(BOOL_TAG, value ? 1 : 0);
  if (Number.isSafeInteger(value)) return Buffer.concat([Buffer.of(INT_TAG), varint(value)]);
  const bytes = Buffer.alloc(9);
  bytes[0] = DOUBLE_TAG;
  bytes.writeDoubleLE(value, 1);
  return bytes;
}
