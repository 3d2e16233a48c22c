import { EventEmitter } from 'node:events';
import xterm from '@xterm/headless';

/** A terminal without a window: what a real one would show, cell by cell. */
export class FakeTerminal extends EventEmitter {
  readonly isTTY = true;
  /** Everything that was written, a piece a write. */
  readonly pieces: string[] = [];
  readonly #screen: xterm.Terminal;

  constructor(columns: number, rows: number) {
    super();
    // A terminal driver puts a carriage return before each line feed.
    this.#screen = new xterm.Terminal({
      cols: columns,
      rows,
      convertEol: true,
      allowProposedApi: true,
      scrollback: 500,
    });
  }

  get columns(): number {
    return this.#screen.cols;
  }

  get rows(): number {
    return this.#screen.rows;
  }

  write(text: string): boolean {
    this.pieces.push(text);
    this.#screen.write(text);
    return true;
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#settled();
    this.#screen.resize(columns, rows);
    this.emit('resize');
  }

  /** The lines on the screen, without blanks at their ends and without empty lines at the end. */
  async screen(): Promise<readonly string[]> {
    const { viewportY } = await this.#settled();
    return this.#lines(viewportY, viewportY + this.rows);
  }

  /** The same with everything that has scrolled off. */
  async everything(): Promise<readonly string[]> {
    const { length } = await this.#settled();
    return this.#lines(0, length);
  }

  /** Column and row of the cursor on the screen. */
  async cursor(): Promise<{ readonly x: number; readonly y: number }> {
    const { cursorX, cursorY } = await this.#settled();
    return { x: cursorX, y: cursorY };
  }

  /** The colours in use: how many cells have any. */
  async colouredCells(): Promise<number> {
    const buffer = await this.#settled();
    let count = 0;
    for (let y = 0; y < buffer.length; y++) {
      for (let x = 0; x < this.columns; x++) {
        const cell = buffer.getLine(y)?.getCell(x);
        if (cell && (!cell.isFgDefault() || !cell.isBgDefault() || cell.isDim() !== 0 || cell.isBold() !== 0)) count++;
      }
    }
    return count;
  }

  async #settled(): Promise<xterm.IBuffer> {
    await new Promise<void>((resolve) => this.#screen.write('', resolve));
    return this.#screen.buffer.active;
  }

  #lines(from: number, to: number): readonly string[] {
    const lines = Array.from({ length: to - from }, (_, at) =>
      (this.#screen.buffer.active.getLine(from + at)?.translateToString(true) ?? '').trimEnd(),
    );
    return lines.slice(0, lines.findLastIndex((line) => line !== '') + 1);
  }
}

/** Text with its control characters made visible: `␛[31m`, `<9b>`; line feeds stay. */
export function showControls(text: string): string {
  return text.replace(/\p{Cc}/gu, (control) => {
    if (control === '\n') return control;
    return control === '\u001b' ? '␛' : `<${control.charCodeAt(0).toString(16).padStart(2, '0')}>`;
  });
}
