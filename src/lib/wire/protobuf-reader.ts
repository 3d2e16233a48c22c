/** A field as it stands in a message (protobuf's encoding.md); groups, which nobody writes any more, are not read. */
export type ProtobufField =
  | { readonly number: number; readonly type: 'varint'; readonly value: bigint }
  | { readonly number: number; readonly type: 'fixed64' | 'fixed32'; readonly value: bigint }
  | { readonly number: number; readonly type: 'bytes'; readonly value: Buffer };

/** The fields of a message in their order, or undefined when the bytes are none. Byte fields are views of it, no copies. */
export function readProtobuf(message: Buffer): ProtobufField[] | undefined {
  const fields: ProtobufField[] = [];
  let at = 0;
  while (at < message.length) {
    const tag = readVarint(message, at);
    if (tag === undefined || tag.value >> 3n === 0n || tag.value > 0xffff_ffffn) return undefined;
    const field = readField(message, tag.end, Number(tag.value >> 3n), Number(tag.value & 7n));
    if (field === undefined) return undefined;
    fields.push(field.field);
    at = field.end;
  }
  return fields;
}

interface Read {
  readonly field: ProtobufField;
  readonly end: number;
}

function readField(message: Buffer, at: number, number: number, wireType: number): Read | undefined {
  switch (wireType) {
    case 0: {
      const read = readVarint(message, at);
      return read && { field: { number, type: 'varint', value: read.value }, end: read.end };
    }
    case 1:
      if (at + 8 > message.length) return undefined;
      return { field: { number, type: 'fixed64', value: message.readBigUInt64LE(at) }, end: at + 8 };
    case 2: {
      const length = readVarint(message, at);
      if (length === undefined || length.value > BigInt(message.length - length.end)) return undefined;
      const end = length.end + Number(length.value);
      return { field: { number, type: 'bytes', value: message.subarray(length.end, end) }, end };
    }
    case 5:
      if (at + 4 > message.length) return undefined;
      return { field: { number, type: 'fixed32', value: BigInt(message.readUInt32LE(at)) }, end: at + 4 };
    default:
      return undefined;
  }
}

/** Ten bytes at most, of which the last holds one bit of a 64-bit number. */
const MAX_VARINT_BYTES = 10;

function readVarint(message: Buffer, at: number): { readonly value: bigint; readonly end: number } | undefined {
  let value = 0n;
  for (let i = 0; i < MAX_VARINT_BYTES; i++) {
    const byte = message[at + i];
    if (byte === undefined) return undefined;
    value |= BigInt(byte & 0x7f) << BigInt(7 * i);
    if (byte < 0x80) return { value: BigInt.asUintN(64, value), end: at + i + 1 };
  }
  return undefined;
}
