/**
 * The first message of a TLS connection, read from the bytes as they arrive (RFC 8446 sections 4.1.2 and 5.1).
 *
 *     record   16 03 01 length │ fragment          one handshake message may be spread over many records
 *     message  01 length(24)   │ version, random(32), <session id>, <cipher suites>, <compression methods>, <extensions>
 *     extension      type(16)  │ <data>            server_name, ALPN and supported_versions are looked into, all others passed over
 */

/** What the client offers. A step is `bad` as soon as no further byte could make a ClientHello of the bytes. */
export type ClientHelloStep =
  | { readonly state: 'more' }
  | { readonly state: 'bad' }
  | {
      readonly state: 'hello';
      /** In lower case; undefined when none was given, or one that is no host name. */
      readonly serverName: string | undefined;
      /** In the client's order, each byte as one character (latin1); the first 64. */
      readonly alpn: readonly string[];
      /** As in `supported_versions`, values that mean nothing (RFC 8701) included; before TLS 1.3 the one version of the message. */
      readonly versions: readonly number[];
    };

const MORE = { state: 'more' } as const;
const BAD = { state: 'bad' } as const;

const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
/** SSL 3.0 and every TLS say 3 first; what follows is to be ignored in records, and legacy in the message. */
const MIN_VERSION = 0x0300;
const MAX_VERSION = 0x03ff;
/** The longest fragment of a record; an empty one is forbidden for handshakes (RFC 8446 section 5.1). */
const MAX_FRAGMENT_BYTES = 16_384;
/** Type and length of the message. */
const MESSAGE_HEADER_BYTES = 4;
const RANDOM_BYTES = 32;
const MAX_SESSION_ID_BYTES = 32;
/** Version, random, no session id, one cipher suite, one compression method, no extensions. */
const MIN_BODY_BYTES = 41;
/** The compression methods, which follow the cipher suites, are at least one. */
const BYTES_AFTER_SUITES = 2;
/** Twenty times a hello with post-quantum key shares; the format's own limit would be 16 MiB. */
const MAX_BODY_BYTES = 65_536;
const EXTENSIONS_LENGTH_BYTES = 2;
/** Type and length of an extension, type and length of a name in server_name. */
const EXTENSION_HEADER_BYTES = 4;
const NAME_HEADER_BYTES = 3;
const HOST_NAME = 0;
/** The longest host name (RFC 1035 section 2.3.4, without the root's dot). */
const MAX_HOST_NAME_LENGTH = 253;
/** Clients offer two or three protocols; more than this are checked, but not kept. */
const MAX_PROTOCOLS = 64;

/**
 * Reads the hello from the first bytes of a connection; after `more`, to be called with the same bytes and those that came since. The bytes
 * it waits for are bounded: 64 KiB of message, in records of at least one byte each.
 */
export function readClientHello(bytes: Buffer): ClientHelloStep {
  const { message, isBroken } = gatherMessage(bytes);
  const step = readMessage(message);
  return step.state === 'more' && isBroken ? BAD : step;
}

/** The fragments of the records joined, as far as they are here. Whether a record is none matters only when the message needs it. */
function gatherMessage(bytes: Buffer): { message: Buffer; isBroken: boolean } {
  const records = new PrefixReader(bytes);
  const fragments: Buffer[] = [];
  let gathered = 0;
  while (gathered < MESSAGE_HEADER_BYTES + MAX_BODY_BYTES) {
    records.number(1, HANDSHAKE, HANDSHAKE);
    records.number(2, MIN_VERSION, MAX_VERSION);
    const length = records.number(2, 1, MAX_FRAGMENT_BYTES);
    if (records.state !== 'ok') break;
    const fragment = bytes.subarray(records.at, records.at + length);
    fragments.push(fragment);
    gathered += fragment.length;
    records.skip(length);
  }
  const [only] = fragments;
  const message = fragments.length === 1 && only !== undefined ? only : Buffer.concat(fragments);
  return { message, isBroken: records.state === 'bad' };
}

function readMessage(message: Buffer): ClientHelloStep {
  const reader = new PrefixReader(message);
  reader.number(1, CLIENT_HELLO, CLIENT_HELLO);
  const end = MESSAGE_HEADER_BYTES + reader.number(3, MIN_BODY_BYTES, MAX_BODY_BYTES);
  const version = reader.number(2, MIN_VERSION, MAX_VERSION);
  reader.skip(RANDOM_BYTES);
  reader.skip(reader.length(1, 0, end, MAX_SESSION_ID_BYTES));
  const suitesBytes = reader.length(2, 2, end - BYTES_AFTER_SUITES);
  reader.require(suitesBytes % 2 === 0);
  reader.skip(suitesBytes);
  reader.skip(reader.length(1, 1, end));
  const offer: Offer = { serverName: undefined, alpn: [], versions: [], seen: new Set() };
  if (reader.at !== end) readExtensions(reader, end, offer);
  if (reader.state === 'bad') return BAD;
  if (reader.state === 'more' || end > message.length) return MORE;
  const { serverName, alpn, versions } = offer;
  return { state: 'hello', serverName, alpn, versions: versions.length === 0 ? [version] : versions };
}

interface Offer {
  serverName: string | undefined;
  readonly alpn: string[];
  readonly versions: number[];
  /** Known extensions that were there: each may come once (RFC 8446 section 4.2). */
  readonly seen: Set<number>;
}

/** An extension that is looked into: how long it must be, and who reads its data, which ends at `end`. */
interface KnownExtension {
  readonly minBytes: number;
  readonly read: (reader: PrefixReader, end: number, offer: Offer) => void;
}

const KNOWN_EXTENSIONS: ReadonlyMap<number, KnownExtension> = new Map([
  [0, { minBytes: 6, read: readServerNames }],
  [16, { minBytes: 4, read: readProtocols }],
  [43, { minBytes: 3, read: readVersions }],
]);

function readExtensions(reader: PrefixReader, end: number, offer: Offer): void {
  reader.requireRoom(end, EXTENSION_HEADER_BYTES, reader.at + EXTENSIONS_LENGTH_BYTES);
  reader.exactLength(EXTENSIONS_LENGTH_BYTES, end);
  while (reader.state === 'ok' && reader.at < end) {
    const type = reader.number(2, 0, 0xffff);
    const known = KNOWN_EXTENSIONS.get(type);
    reader.require(known === undefined || !offer.seen.has(type));
    const length = reader.length(2, known?.minBytes ?? 0, end);
    const dataEnd = reader.at + length;
    reader.requireRoom(end, EXTENSION_HEADER_BYTES, dataEnd);
    if (known !== undefined) {
      offer.seen.add(type);
      known.read(reader, dataEnd, offer);
    }
    reader.at = dataEnd;
  }
}

/** RFC 6066 section 3: a list of names, at most one of each type; only host names have ever been defined. */
function readServerNames(reader: PrefixReader, end: number, offer: Offer): void {
  let hasHostName = false;
  reader.exactLength(2, end);
  while (reader.state === 'ok' && reader.at < end) {
    const isHostName = reader.number(1, 0, 0xff) === HOST_NAME;
    reader.require(!(isHostName && hasHostName));
    const length = reader.length(2, isHostName ? 1 : 0, end);
    reader.requireRoom(end, NAME_HEADER_BYTES, reader.at + length);
    const name = reader.text(length);
    if (!isHostName) continue;
    hasHostName = true;
    offer.serverName = hostNameOf(name);
  }
}

/** RFC 7301 section 3.1: a list of names of 1 to 255 bytes. */
function readProtocols(reader: PrefixReader, end: number, offer: Offer): void {
  reader.exactLength(2, end);
  while (reader.state === 'ok' && reader.at < end) {
    const length = reader.length(1, 1, end);
    const name = reader.text(length);
    if (offer.alpn.length < MAX_PROTOCOLS) offer.alpn.push(name);
  }
}

/** RFC 8446 section 4.2.1: 1 to 127 versions of two bytes. */
function readVersions(reader: PrefixReader, end: number, offer: Offer): void {
  reader.require((end - reader.at) % 2 === 1);
  reader.exactLength(1, end);
  while (reader.state === 'ok' && reader.at < end) offer.versions.push(reader.number(2, 0, 0xffff));
}

/** The name in lower case when it is made of labels of letters, digits, hyphens, and underscores, which names of containers have. */
function hostNameOf(name: string): string | undefined {
  const lower = name.length > MAX_HOST_NAME_LENGTH ? '' : name.toLowerCase();
  return /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/.test(lower) ? lower : undefined;
}

/**
 * Reads the beginning of something whose rest may be yet to come. The first thing that goes wrong or is missing stays in `state`, and what is
 * read after it is 0: a caller that ends its loops by `state` may look at that once, at the end.
 */
class PrefixReader {
  at = 0;
  state: 'ok' | 'more' | 'bad' = 'ok';
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** A number of `width` bytes. Bytes that are missing count as anything: it is `bad` when none of that would be in [min, max]. */
  number(width: number, min: number, max: number): number {
    if (this.state !== 'ok') return 0;
    let low = 0;
    let high = 0;
    for (let i = 0; i < width; i++) {
      const byte = this.#bytes[this.at + i];
      low = low * 256 + (byte ?? 0);
      high = high * 256 + (byte ?? 0xff);
    }
    this.at += width;
    if (min > max || low > max || high < min) this.state = 'bad';
    else if (low !== high) this.state = 'more';
    return this.state === 'ok' ? low : 0;
  }

  /** The length of something that must be over by `end`. */
  length(width: number, min: number, end: number, max = Infinity): number {
    return this.number(width, min, Math.min(max, end - this.at - width));
  }

  /** The length of something that must be over exactly at `end`. */
  exactLength(width: number, end: number): void {
    const length = end - this.at - width;
    this.number(width, length, length);
  }

  /** Goes on behind bytes that do not matter, whether or not they are here. */
  skip(length: number): void {
    this.at += length;
  }

  require(holds: boolean): void {
    if (this.state === 'ok' && !holds) this.state = 'bad';
  }

  /** From `at` to `end` there must be nothing, or room for the header of one more entry. */
  requireRoom(end: number, headerBytes: number, at: number): void {
    this.require(at === end || at + headerBytes <= end);
  }

  /** The bytes as characters, empty while they are not all here. */
  text(length: number): string {
    const from = this.at;
    this.at += length;
    return this.at > this.#bytes.length ? '' : this.#bytes.toString('latin1', from, this.at);
  }
}
