import { AppError } from '../../errors/app-error.ts';
import { keyValue } from '../otlp-attributes.ts';
import { ProtobufWriter } from '../protobuf-writer.ts';

/** Linux opens no longer path (PATH_MAX), and the template of a file has room for this one. */
export const MAX_PATH_BYTES = 4096;
/** With 17 bytes of hyphen and offset, the lengths around the uid stay lengths of one byte. */
export const MAX_ID_BYTES = 64;

/** What the kernel remembers of a file: see file-state.ts of the kernel, which names these places. */
export const STATE_BYTES = 128;
const EXPECTED_AT = 0;
const TEMPLATE_BYTES_AT = 64;
const ID_BYTES_AT = 68;
/** No offset: the first input may begin anywhere. */
const NOWHERE = -1;

/** Fields of a LogRecord: time_unix_nano and observed_time_unix_nano (fixed64), attributes. */
const TIME_TAG = 0x09;
const OBSERVED_TIME_TAG = 0x59;
const TIME_BYTES = 8;
const ATTRIBUTES = 6;

/** A file as the kernel knows it: what all its records say, and what is remembered of it while other files have their turn. */
export class LogFile {
  readonly path: string;
  readonly id: string;
  /** The state, then the template. */
  readonly image: Buffer;
  /** The last call ended with `head-needed`. */
  awaitsHead = false;

  /** Throws an AppError when path or id cannot be written into every record. */
  constructor(path: string, id: string) {
    const pathBytes = Buffer.byteLength(path);
    if (pathBytes === 0 || pathBytes > MAX_PATH_BYTES) {
      throw new AppError(
        'usage',
        `the path of a log file has ${pathBytes} bytes: 1 to ${MAX_PATH_BYTES} are possible`,
        {
          hint: path.slice(0, 100),
        },
      );
    }
    if (!/^[\x21-\x7e]+$/.test(id) || id.length > MAX_ID_BYTES) {
      throw new AppError(
        'bug',
        `a file id is 1 to ${MAX_ID_BYTES} visible ASCII characters, not ${JSON.stringify(id)}`,
      );
    }
    this.path = path;
    this.id = id;
    this.image = imageOf(path, `${id}-`);
  }
}

function imageOf(path: string, uidStart: string): Buffer {
  const state = Buffer.alloc(STATE_BYTES);
  const template = Buffer.concat([
    Buffer.concat([
      Buffer.of(TIME_TAG),
      Buffer.alloc(TIME_BYTES),
      Buffer.of(OBSERVED_TIME_TAG),
      Buffer.alloc(TIME_BYTES),
    ]),
    new ProtobufWriter()
      .message(ATTRIBUTES, keyValue('log.file.path', path))
      // Its lengths are set by the kernel: the digits that follow belong to it.
      .message(ATTRIBUTES, keyValue('log.record.uid', uidStart))
      .finish(),
  ]);
  state.writeDoubleLE(NOWHERE, EXPECTED_AT);
  state.writeUInt32LE(template.length, TEMPLATE_BYTES_AT);
  state.writeUInt32LE(uidStart.length, ID_BYTES_AT);
  return Buffer.concat([state, template]);
}
