import { Writable } from 'node:stream';

/** The size of a terminal, as it is now. */
export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

/**
 * The stream that Ink draws on. It gathers everything of one frame and hands it on in one piece, in which the cursor is hidden and the
 * terminal holds its picture still: whenever this process ends, even by SIGKILL, the cursor is visible.
 *
 * Ink is told that this is no terminal: the cursor and synchronised output are handled here, and clearing the whole screen, which Ink
 * does for frames as high as it, is never wanted on the normal screen.
 */
export class ScreenStream extends Writable {
  readonly isTTY = false;
  readonly #size: () => ScreenSize;
  readonly #emit: (frame: string) => void;
  #gathered = '';
  #isMuted = false;

  constructor(size: () => ScreenSize, emit: (frame: string) => void) {
    super({ decodeStrings: false });
    this.#size = size;
    this.#emit = emit;
  }

  get columns(): number {
    return this.#size().columns;
  }

  get rows(): number {
    return this.#size().rows;
  }

  override _write(chunk: string | Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (!this.#isMuted) {
      if (this.#gathered === '') queueMicrotask(() => this.flush());
      this.#gathered += chunk.toString();
    }
    done();
  }

  /** Hands on what was gathered so far, at once. */
  flush(): void {
    const frame = this.#gathered.replaceAll(HIDE_CURSOR, '').replaceAll(SHOW_CURSOR, '');
    this.#gathered = '';
    if (frame !== '') this.#emit(`${BEGIN}${frame}${END}`);
  }

  /** From now on, throws away what is written, and what was gathered but not handed on. */
  mute(): void {
    this.#gathered = '';
    this.#isMuted = true;
  }

  unmute(): void {
    this.#isMuted = false;
  }
}

/** Synchronised output (DEC private mode 2026) and the cursor (25), around every frame. */
const BEGIN = '\u001b[?2026h\u001b[?25l';
const END = '\u001b[?25h\u001b[?2026l';
/** Ink's own say about the cursor, should it have one. */
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
