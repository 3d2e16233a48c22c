/** Builds hellos byte by byte, right ones and wrong ones; what is given as `extensions` goes in as it is. */

export function u16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}

/** Bytes with their length in front of them. */
export function vector(lengthBytes: 1 | 2 | 3, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const length = Buffer.alloc(lengthBytes);
  length.writeUIntBE(content.length, 0, lengthBytes);
  return Buffer.concat([length, content]);
}

export function extension(type: number, ...data: readonly Buffer[]): Buffer {
  return Buffer.concat([u16(type), vector(2, ...data)]);
}

export function hostName(name: string, type = 0): Buffer {
  return Buffer.concat([Buffer.from([type]), vector(2, Buffer.from(name, 'latin1'))]);
}

export const serverName = (...names: readonly Buffer[]): Buffer => extension(0, vector(2, ...names));
export const alpn = (...names: readonly string[]): Buffer =>
  extension(16, vector(2, ...names.map((name) => vector(1, Buffer.from(name, 'latin1')))));
export const supportedVersions = (...versions: readonly number[]): Buffer =>
  extension(43, vector(1, ...versions.map(u16)));
/** A value that means nothing, for others to get used to (RFC 8701). */
export const grease = (type: number, bytes = 0): Buffer => extension(type, Buffer.alloc(bytes, 7));

export interface HelloParts {
  readonly version?: number;
  readonly sessionId?: Buffer;
  readonly suites?: Buffer;
  readonly compression?: Buffer;
  /** Undefined: the message ends without extensions, as very old ones do. */
  readonly extensions?: readonly Buffer[] | undefined;
  /** Stands behind everything else, still inside the message. */
  readonly rest?: Buffer;
}

/** The handshake message, without a record around it. */
export function hello(parts: HelloParts): Buffer {
  const { version = 0x0303, extensions, rest = Buffer.alloc(0) } = parts;
  const body = Buffer.concat([
    u16(version),
    Buffer.alloc(32, 0xaa),
    vector(1, parts.sessionId ?? Buffer.alloc(32, 0xbb)),
    vector(2, parts.suites ?? Buffer.from([0x0a, 0x0a, 0x13, 0x01, 0x13, 0x02])),
    vector(1, parts.compression ?? Buffer.from([0])),
    ...(extensions === undefined ? [] : [vector(2, ...extensions)]),
    rest,
  ]);
  return Buffer.concat([Buffer.from([1]), vector(3, body)]);
}

/** The message in records of at most so many bytes each. */
export function records(message: Buffer, fragmentBytes = 16_384, type = 22): Buffer {
  const fragments: Buffer[] = [];
  for (let at = 0; at < message.length; at += fragmentBytes) {
    fragments.push(Buffer.from([type, 3, 1]), vector(2, message.subarray(at, at + fragmentBytes)));
  }
  return Buffer.concat(fragments);
}
