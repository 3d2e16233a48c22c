import { fieldBytes, type HeaderField } from './hpack-field.ts';
import { HpackSearchTable } from './hpack-search-table.ts';
import { STATIC_FIELDS, STATIC_NAMES, type StaticName } from './hpack-static-table.ts';

/** The table of every receiver before any settings (RFC 9113 section 6.5.2). */
const DEFAULT_TABLE_BYTES = 4096;
/** Names whose values are rarely sent twice: in the table they would only push out what is. Secrets stay out of it as well. */
const CHANGING_NAMES: readonly string[] = [
  'age',
  'authorization',
  'baggage',
  'content-length',
  'content-range',
  'etag',
  'grpc-message',
  'grpc-status-details-bin',
  'grpc-tags-bin',
  'grpc-timeout',
  'grpc-trace-bin',
  'if-modified-since',
  'if-none-match',
  'location',
  'proxy-authorization',
  'range',
  'set-cookie',
  'traceparent',
  'tracestate',
  'x-request-id',
];
/** Paths of gRPC methods come again and again; longer ones, and those with a query, mostly name one thing each. */
const MAX_INDEXED_PATH_CHARACTERS = 64;
/** A field may take up to this share of the table: larger ones push out more than they can save. */
const MAX_INDEXED_SHARE = 0.5;
/** The most that an integer takes here: its prefix and five bytes. */
const MAX_INTEGER_BYTES = 6;

interface KnownName extends StaticName {
  readonly isChanging: boolean;
}

/** All that is known of a name beforehand, found by one look-up: names that were just read are costly to look up. */
const KNOWN_NAMES: ReadonlyMap<string, KnownName> = new Map([
  ...[...STATIC_NAMES].map(([name, known]): [string, KnownName] => [name, { ...known, isChanging: false }]),
  ...CHANGING_NAMES.map((name): [string, KnownName] => {
    const known = STATIC_NAMES.get(name) ?? { index: 0, indexOfValue: new Map<string, number>() };
    return [name, { ...known, isChanging: true }];
  }),
]);

/** Every block is written here and then copied out: one is ready before the next begins. */
let scratch = Buffer.allocUnsafe(16_384);

/**
 * Writes header blocks for one receiver (RFC 7541). Strings are not Huffman-coded: with the tables most blocks hold few, and copying them
 * is several times faster than coding.
 *
 * `maxTableBytes` is what the encoder uses, and at most the receiver's SETTINGS_HEADER_TABLE_SIZE. A size up to 4096 needs no announcement
 * at first: entries are known by their age, so the receiver may keep more of them. With 0 the encoder leaves the receiver's table alone.
 */
export class HpackEncoder {
  readonly #table: HpackSearchTable;
  /** The smallest size since the last block, when the receiver must be told of sizes; it evicts by that (RFC 7541 section 4.2). */
  #lowestBytes: number | undefined;
  #at = 0;

  constructor(maxTableBytes: number) {
    this.#table = new HpackSearchTable(maxTableBytes);
    if (maxTableBytes > DEFAULT_TABLE_BYTES) this.#lowestBytes = maxTableBytes;
  }

  /** The next block begins by announcing this size. */
  setMaxTableBytes(maxTableBytes: number): void {
    this.#lowestBytes = Math.min(this.#lowestBytes ?? maxTableBytes, maxTableBytes);
    this.#table.setMaxBytes(maxTableBytes);
  }

  /** The next block begins by emptying the receiver's table, whatever it held. */
  restart(): void {
    this.#lowestBytes = 0;
    this.#table.clear();
  }

  /** One whole block. */
  encode(fields: readonly HeaderField[]): Buffer {
    this.#at = 0;
    if (this.#lowestBytes !== undefined) this.#writeTableSizes(this.#lowestBytes);
    for (const field of fields) this.#writeField(field);
    const block = Buffer.allocUnsafe(this.#at);
    scratch.copy(block, 0, 0, this.#at);
    return block;
  }

  #writeTableSizes(lowestBytes: number): void {
    const { maxBytes } = this.#table;
    if (lowestBytes < maxBytes) this.#writeInteger(0x20, 0x1f, lowestBytes);
    this.#writeInteger(0x20, 0x1f, maxBytes);
    this.#lowestBytes = undefined;
  }

  #writeField(field: HeaderField): void {
    const { name, value } = field;
    this.#reserve(name.length + value.length + 3 * MAX_INTEGER_BYTES);
    const known = KNOWN_NAMES.get(name);
    if (field.neverIndexed === true) this.#writeLiteral(0x10, 0x0f, this.#nameIndex(known, name), field);
    else if (known?.isChanging === true) this.#writeLiteral(0, 0x0f, known.index, field);
    else {
      const index = known?.indexOfValue.get(value) ?? this.#indexInTable(this.#table.lookup(name, value));
      if (index > 0) this.#writeInteger(0x80, 0x7f, index);
      else this.#writeNew(this.#nameIndex(known, name), field);
    }
  }

  #writeNew(nameIndex: number, field: HeaderField): void {
    if (!this.#isWorthIndexing(field)) {
      this.#writeLiteral(0, 0x0f, nameIndex, field);
      return;
    }
    this.#writeLiteral(0x40, 0x3f, nameIndex, field);
    this.#table.add(field);
  }

  #isWorthIndexing(field: HeaderField): boolean {
    const { name, value } = field;
    if (fieldBytes(field) > this.#table.maxBytes * MAX_INDEXED_SHARE) return false;
    return name !== ':path' || (value.length <= MAX_INDEXED_PATH_CHARACTERS && !value.includes('?'));
  }

  #nameIndex(known: KnownName | undefined, name: string): number {
    return known?.index ?? this.#indexInTable(this.#table.lookupName(name));
  }

  /** The index of both tables as one (RFC 7541 section 2.3.3); 0 for none. */
  #indexInTable(index: number): number {
    return index === 0 ? 0 : index + STATIC_FIELDS.length;
  }

  #writeLiteral(kind: number, mask: number, nameIndex: number, { name, value }: HeaderField): void {
    this.#writeInteger(kind, mask, nameIndex);
    if (nameIndex === 0) this.#writeString(name);
    this.#writeString(value);
  }

  #writeString(text: string): void {
    this.#writeInteger(0, 0x7f, text.length);
    this.#at += scratch.write(text, this.#at, 'latin1');
  }

  /** An integer that begins in the bits of `mask` beside those of `kind` (RFC 7541 section 5.1). */
  #writeInteger(kind: number, mask: number, value: number): void {
    if (value < mask) {
      scratch[this.#at++] = kind | value;
      return;
    }
    scratch[this.#at++] = kind | mask;
    let rest = value - mask;
    for (; rest > 0x7f; rest >>>= 7) scratch[this.#at++] = (rest & 0x7f) | 0x80;
    scratch[this.#at++] = rest;
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= scratch.length) return;
    const larger = Buffer.allocUnsafe(2 * (this.#at + bytes));
    scratch.copy(larger, 0, 0, this.#at);
    scratch = larger;
  }
}
