import { encodeSettings, encodeWindowUpdate, FRAME, HTTP2_ERROR, type Http2Frame } from '../../../wire/http2-frames.ts';
import type { HopControl } from './http2-hop.ts';
import type { Http2Side, Settings } from './http2-side.ts';

export interface JoinedOptions {
  readonly from: Http2Side;
  readonly to: Http2Side;
  readonly onBroken: (code: number, why: string) => void;
  /** Its settings have gone on. */
  readonly onTold?: () => void;
  /** Where ids differ, what it says of them cannot go on as it is; undefined: it goes on. */
  readonly onGoaway?: (frame: Http2Frame) => void;
}

/** What one peer says of its connection reaches the other one: its settings, grants and pings. */
export class JoinedControl implements HopControl {
  readonly #options: JoinedOptions;

  constructor(options: JoinedOptions) {
    this.#options = options;
  }

  onSettings(settings: Settings): void {
    const { to, onBroken, onTold } = this.#options;
    if (!to.announce(settings)) {
      onBroken(HTTP2_ERROR.ENHANCE_YOUR_CALM, 'too many settings');
      return;
    }
    to.write(encodeSettings(settings));
    onTold?.();
  }

  onSettled(frame: Http2Frame): void {
    this.#options.to.write(frame.bytes);
  }

  onGrant(bytes: number): void {
    const { from, to } = this.#options;
    const goesOn = from.grant(bytes);
    if (goesOn > 0) to.write(encodeWindowUpdate(0, goesOn));
    from.flush();
  }

  onOther(frame: Http2Frame): void {
    const { to, onGoaway } = this.#options;
    if (frame.type === FRAME.GOAWAY && onGoaway !== undefined) onGoaway(frame);
    else to.write(frame.bytes);
  }
}
