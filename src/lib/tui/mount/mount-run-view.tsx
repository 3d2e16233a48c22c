import { PassThrough } from 'node:stream';
import { render } from 'ink';
import { RunView, type RunViewProps } from '../run-view.tsx';
import { ErrorCatcher } from './error-catcher.tsx';
import type { ScreenStream } from './screen-stream.ts';

/** A view on the screen. */
export interface MountedView {
  draw(props: RunViewProps): void;
  /** Removes the block from the screen, with `extraRows` that it takes beyond its lines. The next `draw` begins where it stood. */
  erase(extraRows: number): void;
  /** Leaves the block where it is: the next `draw` puts a new one below whatever the cursor stands on. */
  leave(): void;
  unmount(): void;
}

/** Draws from the cursor downwards, in place. `onError` hears what went wrong while drawing; nothing is drawn after that. */
export function mountRunView(
  screen: ScreenStream,
  first: RunViewProps,
  onError: (error: unknown) => void,
): MountedView {
  const element = (props: RunViewProps) => (
    <ErrorCatcher onError={onError}>
      <RunView {...props} />
    </ErrorCatcher>
  );
  const ink = render(element(first), {
    stdout: screen,
    stderr: screen,
    // Not the real one: no key is read here, and Ctrl-C stays the signal that it is.
    stdin: new PassThrough(),
    interactive: true,
    incrementalRendering: true,
    patchConsole: false,
    exitOnCtrlC: false,
    isScreenReaderEnabled: false,
    // No pace of Ink's own: every draw is on the stream when the call returns.
    maxFps: 0,
  });
  ink.waitUntilExit().catch(onError);
  const clear = (): void => ink.clear();
  return {
    draw: (props) => ink.rerender(element(props)),
    erase(extraRows) {
      screen.write(ERASE_ROW_AND_GO_UP.repeat(extraRows));
      clear();
    },
    leave() {
      screen.mute();
      clear();
      screen.unmute();
    },
    unmount: () => ink.unmount(),
  };
}

const ERASE_ROW_AND_GO_UP = '\u001b[2K\u001b[1A';
