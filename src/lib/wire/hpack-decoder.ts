import { HpackDynamicTable } from './hpack-dynamic-table.ts';
import { FIELD_OVERHEAD_BYTES, type HeaderField } from './hpack-field.ts';
import { decodeHuffman } from './hpack-huffman.ts';
import { STATIC_FIELDS } from './hpack-static-table.ts';

/** Why a header block cannot be read. */
export type HpackProblem =
  | 'bad-index'
  | 'bad-integer'
  | 'bad-huffman'
  | 'table-size-too-large'
  | 'misplaced-table-size'
  | 'list-too-large'
  | 'truncated';

export interface HpackLimits {
  /** The SETTINGS_HEADER_TABLE_SIZE that the sender keeps to. */
  readonly maxTableBytes: number;
  /** All fields of one block, each with 32 bytes on top (RFC 9113 section 6.5.2). */
  readonly maxListBytes: number;
}

/** Bytes that may follow the prefix of an integer: 28 bits, more than any block or table has bytes. */
const MAX_INTEGER_SHIFT = 21;
/** What the readers within return when the problem is noted. Integers are never negative. */
const FAILED = -1;

/**
 * Reads header blocks of one sender in their order (RFC 7541). Fields that a table holds come as the same object each time.
 *
 *     1xxxxxxx  index                     a field of a table
 *     01xxxxxx  index or 0, value         a field that enters the table
 *     001xxxxx  size                      the table's size, in front only
 *     0000xxxx  index or 0, value         a field that does not
 *     0001xxxx  index or 0, value         a field that no table on the way may keep
 *
 * After a problem the table may differ from the sender's, and no block can be read any more: the problem is given again each time.
 */
export class HpackDecoder {
  readonly #table: HpackDynamicTable;
  readonly #maxListBytes: number;
  #maxTableBytes: number;
  #problem: HpackProblem | undefined;
  #block: Buffer = Buffer.alloc(0);
  #at = 0;

  constructor({ maxTableBytes, maxListBytes }: HpackLimits) {
    this.#table = new HpackDynamicTable(maxTableBytes);
    this.#maxTableBytes = maxTableBytes;
    this.#maxListBytes = maxListBytes;
  }

  /**
   * Bounds the sizes that the sender may announce from now on. The table itself keeps its size until the sender announces another:
   * blocks that it wrote before it knew of the bound count on that. A smaller bound is to be set when the sender has acknowledged it.
   */
  setMaxTableBytes(maxTableBytes: number): void {
    this.#maxTableBytes = maxTableBytes;
  }

  /** The fields of one whole block. */
  decode(block: Buffer): HeaderField[] | HpackProblem {
    return this.#problem ?? this.#decodeBlock(block);
  }

  #decodeBlock(block: Buffer): HeaderField[] | HpackProblem {
    this.#block = block;
    this.#at = 0;
    const fields: HeaderField[] = [];
    if (this.#readTableSizes()) this.#readFields(fields);
    return this.#problem ?? fields;
  }

  #readTableSizes(): boolean {
    const block = this.#block;
    while (this.#at < block.length && ((block[this.#at] ?? 0) & 0xe0) === 0x20) {
      const bytes = this.#readInteger(0x1f);
      if (bytes === FAILED) return false;
      if (bytes > this.#maxTableBytes) {
        this.#fail('table-size-too-large');
        return false;
      }
      this.#table.setMaxBytes(bytes);
    }
    return true;
  }

  #readFields(fields: HeaderField[]): void {
    const block = this.#block;
    let listBytes = 0;
    while (this.#at < block.length) {
      const field = this.#readField(block[this.#at] ?? 0);
      if (field === undefined) return;
      listBytes += field.name.length + field.value.length + FIELD_OVERHEAD_BYTES;
      if (listBytes > this.#maxListBytes) {
        this.#fail('list-too-large');
        return;
      }
      fields.push(field);
    }
  }

  #readField(first: number): HeaderField | undefined {
    if (first >= 0x80) return this.#fieldAt(this.#readInteger(0x7f));
    if (first >= 0x40) {
      const field = this.#readLiteral(0x3f, false);
      if (field !== undefined) this.#table.add(field);
      return field;
    }
    if (first < 0x20) return this.#readLiteral(0x0f, first >= 0x10);
    this.#fail('misplaced-table-size');
    return undefined;
  }

  #readLiteral(mask: number, neverIndexed: boolean): HeaderField | undefined {
    const index = this.#readInteger(mask);
    if (index === FAILED) return undefined;
    const name = index === 0 ? this.#readString() : this.#fieldAt(index)?.name;
    if (name === undefined) return undefined;
    const value = this.#readString();
    if (value === undefined) return undefined;
    return neverIndexed ? { name, value, neverIndexed } : { name, value };
  }

  #fieldAt(index: number): HeaderField | undefined {
    if (index === FAILED) return undefined;
    const field =
      index <= STATIC_FIELDS.length ? STATIC_FIELDS[index - 1] : this.#table.lookup(index - STATIC_FIELDS.length);
    if (field === undefined) this.#fail('bad-index');
    return field;
  }

  /** A string (RFC 7541 section 5.2). */
  #readString(): string | undefined {
    const isHuffman = (this.#block[this.#at] ?? 0) >= 0x80;
    const bytes = this.#readInteger(0x7f);
    if (bytes === FAILED) return undefined;
    const from = this.#at;
    const to = from + bytes;
    if (to > this.#block.length) {
      this.#fail('truncated');
      return undefined;
    }
    this.#at = to;
    if (!isHuffman) return this.#block.toString('latin1', from, to);
    const text = decodeHuffman(this.#block, from, to);
    if (text === undefined) this.#fail('bad-huffman');
    return text;
  }

  /** An integer that begins in the bits of `mask` (RFC 7541 section 5.1). */
  #readInteger(mask: number): number {
    const block = this.#block;
    if (this.#at >= block.length) return this.#fail('truncated');
    const prefix = (block[this.#at++] ?? 0) & mask;
    return prefix < mask ? prefix : this.#readRest(mask);
  }

  #readRest(mask: number): number {
    const block = this.#block;
    let value = mask;
    for (let shift = 0; shift <= MAX_INTEGER_SHIFT; shift += 7) {
      if (this.#at >= block.length) return this.#fail('truncated');
      const byte = block[this.#at++] ?? 0;
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return this.#fail('bad-integer');
  }

  #fail(problem: HpackProblem): number {
    this.#problem = problem;
    return FAILED;
  }
}
