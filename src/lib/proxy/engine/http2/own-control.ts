import {
  encodeSettings,
  encodeWindowUpdate,
  FLAG,
  FRAME,
  parseGoaway,
  SETTING,
  type Goaway,
  type Http2Frame,
} from '../../../wire/http2-frames.ts';
import type { HopControl } from './http2-hop.ts';
import { DEFAULT_WINDOW_BYTES, type Http2Side, type OwnWindows, type Settings } from './http2-side.ts';

/**
 * What a peer may send before it has to wait. A stream that is not read holds its window here; only when so many of them fill the
 * connection's do others have to wait as well.
 */
export const OWN_WINDOWS: OwnWindows = { streamBytes: 262_144, connectionBytes: 8 * 1_048_576 };

export const SETTINGS_ACK = Buffer.from([0, 0, 0, FRAME.SETTINGS, FLAG.ACK, 0, 0, 0, 0]);

/** The answer that a peer is owed to what it says of the connection; `none` when that is an answer itself, undefined when it asks for none. */
export function answerTo(frame: Http2Frame): Buffer | 'none' | undefined {
  if (frame.type !== FRAME.SETTINGS && frame.type !== FRAME.PING) return undefined;
  if ((frame.flags & FLAG.ACK) !== 0) return 'none';
  if (frame.type === FRAME.SETTINGS) return SETTINGS_ACK;
  const pong = Buffer.from(frame.bytes);
  pong[4] = FLAG.ACK;
  return pong;
}

export interface OwnControlOptions {
  readonly side: Http2Side;
  /** Writes to the peer what it is owed. */
  readonly answer: (bytes: Buffer) => void;
  /** It has said its settings; they hold already. */
  readonly onTold?: () => void;
  /** It takes no more streams. */
  readonly onGoaway?: (goaway: Goaway) => void;
}

/** An end of a connection that is ours: we answer what the peer says of the connection, and nobody else hears of it. */
export class OwnControl implements HopControl {
  readonly #options: OwnControlOptions;

  constructor(options: OwnControlOptions) {
    this.#options = options;
  }

  /** Our own settings and windows, which come first, and header blocks with a table of our own. */
  begin(settings: Settings): void {
    const { side } = this.#options;
    const { streamBytes, connectionBytes } = OWN_WINDOWS;
    side.write(encodeSettings([...settings, [SETTING.INITIAL_WINDOW_SIZE, streamBytes]]));
    side.write(encodeWindowUpdate(0, connectionBytes - DEFAULT_WINDOW_BYTES));
    side.desync();
  }

  onSettings(): void {
    this.#options.answer(SETTINGS_ACK);
    this.#options.onTold?.();
  }

  onSettled(): void {
    // They are the only ones that we ever say, and allow more than a peer may do before it has seen them.
  }

  onGrant(bytes: number): void {
    this.#options.side.grant(bytes);
    this.#options.side.flush();
  }

  onOther(frame: Http2Frame): void {
    const { answer, onGoaway } = this.#options;
    const owed = answerTo(frame);
    if (owed !== undefined && owed !== 'none') answer(owed);
    const goaway = parseGoaway(frame);
    if (goaway !== undefined) onGoaway?.(goaway);
  }
}
