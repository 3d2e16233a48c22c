/** Wire types (protobuf's encoding.md). */
const VARINT = 0;
const LENGTH_DELIMITED = 2;

/**
 * Writes one protobuf message field by field, in the order of the calls. As proto3 has it, a value that is its type's default is left
 * out; `message` writes empty ones as well, since presence tells them apart. For small messages: it makes a Buffer per field.
 */
export class ProtobufWriter {
  readonly #parts: Buffer[] = [];

  /** int32, int64, uint32, uint64, bool or enum; a negative number takes ten bytes. */
  int(field: number, value: number): this {
    if (value !== 0) this.#parts.push(varint((field << 3) | VARINT), varint(value));
    return this;
  }

  string(field: number, text: string): this {
    return text === '' ? this : this.message(field, Buffer.from(text, 'utf8'));
  }

  bytes(field: number, bytes: Buffer): this {
    return bytes.length === 0 ? this : this.message(field, bytes);
  }

  /** A message within, or an entry of a repeated field: written even when it is empty. */
  message(field: number, bytes: Buffer): this {
    this.#parts.push(varint((field << 3) | LENGTH_DELIMITED), varint(bytes.length), bytes);
    return this;
  }

  finish(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

/** Groups of 7 bits, the least significant first, as 64-bit two's complement; `value` is a safe integer. */
export function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}
