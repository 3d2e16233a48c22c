import { stripVTControlCharacters } from 'node:util';
import type { RunEvent } from '../events/run-events.ts';
import { createProgress, onRunEvent } from '../experiment/progress.ts';
import type { Cancel, Clock } from '../runtime/clock.ts';
import { withProductionNodeEnv, type Environment } from '../runtime/environment.ts';
import { openTerminalWriter, type TerminalStream, type TerminalWriter } from '../runtime/terminal-writer.ts';
import { reflowsLines, wantsAscii } from './choose-view.ts';
import type { MountedView, mountRunView } from './mount/mount-run-view.tsx';
import { ScreenStream, type ScreenSize } from './mount/screen-stream.ts';
import type { RunViewProps } from './run-view.tsx';
import { formatRunFrame } from './run/frame.ts';
import { plainText } from './text/plain-text.ts';
import { displayWidth } from './text/width.ts';
import { createTheme, type Theme } from './theme.ts';

/** The terminal that a run is shown on: `process.stdout`, or a double of it. */
export interface LiveTerminal extends TerminalStream {
  readonly columns?: number;
  readonly rows?: number;
  on(event: 'resize' | 'error', listener: (error: Error) => void): unknown;
  off(event: 'resize' | 'error', listener: (error: Error) => void): unknown;
}

export interface LiveRunOptions {
  readonly stdout: LiveTerminal;
  readonly colour: boolean;
  /** Tells what the terminal can do. */
  readonly env: Environment;
  /** Undefined: as the environment says. */
  readonly ascii?: boolean | undefined;
  readonly clock: Clock;
  /** Hears every event from the moment on when nothing can be drawn any more; never once the terminal itself is gone. */
  readonly onBroken: (event: RunEvent) => void;
}

/** The live view of a run. Nothing that goes wrong in it is ever thrown. */
export interface LiveRun {
  onEvent(event: RunEvent): void;
  /** Prints a line above the view. */
  print(line: string): void;
  /** Draws the last state, which stays on the screen, and leaves the cursor below it. A second call waits for the first. */
  close(): Promise<void>;
}

/** Four times a second is as fast as a person reads numbers. */
const REFRESH_MS = 250;
/** A pause this long between two looks means that the process was stopped (Ctrl-Z) and a shell has written in between. */
const STOPPED_MS = 2_000;
/** How long the last state may take to arrive on a terminal that takes nothing. */
const CLOSE_GRACE_MS = 1_000;
const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;

/**
 * Shows a run in a block at the bottom of the terminal's normal screen, redrawn in place. Resolves once React and Ink are loaded (about
 * 0.4 s of work): await it before anything is measured. No key is read and no signal handled, and a terminal that takes nothing never
 * holds up the process.
 */
export async function openLiveRun(options: LiveRunOptions): Promise<LiveRun> {
  const mount = await withProductionNodeEnv(() => import('./mount/mount-run-view.tsx')).catch(() => undefined);
  return mount ? new LiveRunView(options, mount.mountRunView) : createPlainRun(options);
}

/** What is left when the view cannot even be loaded. */
function createPlainRun({ stdout, onBroken }: LiveRunOptions): LiveRun {
  return { onEvent: onBroken, print: (line) => void stdout.write(`${line}\n`), close: async () => undefined };
}

/** `broken`: events go on to the plain lines. `gone`: the terminal is closed, nobody reads. */
type Mode = 'drawing' | 'broken' | 'gone' | 'closed';

class LiveRunView implements LiveRun {
  readonly #options: LiveRunOptions;
  readonly #mount: typeof mountRunView;
  readonly #theme: Theme;
  readonly #writer: TerminalWriter;
  readonly #screen: ScreenStream;
  readonly #stopTicking: Cancel;
  readonly #onResize = (): void => this.#refresh();
  #mode: Mode = 'drawing';
  #progress = createProgress();
  /** The clock's time at the run's start; the smallest estimate is the best, since events only ever arrive late. */
  #startMs = Number.POSITIVE_INFINITY;
  #view: MountedView | undefined;
  #drawn: RunViewProps | undefined;
  #lookedMs: number;
  #closing: Promise<void> | undefined;

  constructor(options: LiveRunOptions, mount: typeof mountRunView) {
    const { stdout, colour, ascii, env, clock } = options;
    this.#options = options;
    this.#mount = mount;
    this.#theme = createTheme({ colour, ascii: ascii ?? wantsAscii(env) });
    this.#writer = openTerminalWriter(stdout, () => this.#stop('gone'));
    this.#screen = new ScreenStream(
      () => this.#size(),
      (frame) => this.#writer.write(frame),
    );
    this.#lookedMs = clock.monotonicMs();
    this.#stopTicking = clock.every(REFRESH_MS, () => this.#refresh());
    stdout.on('resize', this.#onResize);
  }

  onEvent(event: RunEvent): void {
    if (this.#mode === 'drawing') this.#attempt(() => this.#take(event));
    if (this.#mode === 'broken') this.#options.onBroken(event);
  }

  print(line: string): void {
    const text = `${plainText(line)}\n`;
    if (this.#mode !== 'drawing' || !this.#view) {
      this.#writer.write(text);
      return;
    }
    this.#attempt(() => {
      this.#view?.erase(0);
      this.#screen.write(text);
      if (this.#drawn) this.#view?.draw(this.#drawn);
      this.#screen.flush();
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#stopTicking();
    await this.#arrival();
    this.#refresh();
    this.#stop('closed');
    await this.#arrival();
    this.#writer.release();
  }

  #take(event: RunEvent): void {
    this.#startMs = Math.min(this.#startMs, this.#options.clock.monotonicMs() - event.sinceStartMs);
    this.#progress = onRunEvent(this.#progress, event);
  }

  #refresh(): void {
    const lookedMs = this.#lookedMs;
    this.#lookedMs = this.#options.clock.monotonicMs();
    if (this.#mode !== 'drawing' || this.#writer.busy) return;
    this.#attempt(() => {
      if (!this.#progress.plan) return;
      const props = this.#props();
      if (!this.#view) this.#view = this.#mount(this.#screen, props, () => this.#stop('broken'));
      else {
        if (this.#lookedMs - lookedMs > STOPPED_MS) this.#view.leave();
        else if (this.#drawn && isResized(this.#drawn, props))
          this.#view.erase(this.#brokenRows(this.#drawn, props.columns));
        this.#view.draw(props);
      }
      this.#screen.flush();
      this.#drawn = props;
    });
  }

  #props(): RunViewProps {
    const { ended, nowMs } = this.#progress;
    const sinceStartMs = Math.max(nowMs, this.#options.clock.monotonicMs() - this.#startMs);
    return { progress: this.#progress, ...this.#size(), theme: this.#theme, nowMs: ended ? nowMs : sinceStartMs };
  }

  #size(): ScreenSize {
    const { columns = 0, rows = 0 } = this.#options.stdout;
    // A terminal that does not know its size says 0.
    return { columns: columns > 0 ? columns : DEFAULT_COLUMNS, rows: rows > 0 ? rows : DEFAULT_ROWS };
  }

  /** The rows that the drawn lines take beyond one each, once the terminal has broken them anew to `columns`. */
  #brokenRows(drawn: RunViewProps, columns: number): number {
    if (!reflowsLines(this.#options.env)) return 0;
    const widths = formatRunFrame(drawn.progress, drawn).map((line) => displayWidth(stripVTControlCharacters(line)));
    return widths.reduce((sum, width) => sum + Math.max(0, Math.ceil(width / columns) - 1), 0);
  }

  /** A mistake in the view costs the view, never the run. */
  #attempt(action: () => void): void {
    try {
      action();
    } catch {
      this.#stop('broken');
    }
  }

  #stop(mode: Exclude<Mode, 'drawing'>): void {
    if (this.#mode !== 'drawing') return;
    this.#mode = mode;
    this.#stopTicking();
    this.#options.stdout.off('resize', this.#onResize);
    // A broken view would draw once more, over its last good state.
    if (mode !== 'closed') this.#screen.mute();
    try {
      this.#view?.unmount();
      this.#screen.flush();
    } catch {
      // Nothing is left to save.
    }
  }

  /** Waits until what was drawn has arrived, for a while. */
  async #arrival(): Promise<void> {
    const patience = new AbortController();
    const grace = this.#options.clock.sleep(CLOSE_GRACE_MS, patience.signal).catch(() => undefined);
    await Promise.race([this.#writer.drained(), grace]);
    patience.abort();
  }
}

function isResized(a: ScreenSize, b: ScreenSize): boolean {
  return a.columns !== b.columns || a.rows !== b.rows;
}
