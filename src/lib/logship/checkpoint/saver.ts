import { messageOf } from '../../errors/app-error.ts';
import type { Clock } from '../../runtime/clock.ts';

export interface SaverPorts {
  readonly clock: Clock;
  /** The lines of a checkpoint as of now; undefined when nothing has changed since they were last saved. */
  readonly collect: () => Collected | undefined;
  readonly save: (lines: readonly string[]) => Promise<void>;
  readonly warn: (message: string) => void;
}

export interface Collected {
  readonly lines: readonly string[];
  /** Told when these lines are on the disk. */
  saved(): void;
}

export interface Saver {
  /** Saves what there is now, once what is being saved is; false when the disk does not take it. */
  saveNow(): Promise<boolean>;
  /** Ends the saving from time to time; `saveNow` still works. */
  close(): void;
}

/** What may be delivered twice after a crash is what was acknowledged since the last checkpoint. */
export const SAVE_PERIOD_MS = 1_000;

/** Saves what has changed at most every second, one at a time. A disk that takes nothing is warned of once, and tried again. */
export function startSaver({ clock, collect, save, warn }: SaverPorts): Saver {
  let running: Promise<boolean> | undefined;
  let isFailing = false;

  const saveOnce = async (): Promise<boolean> => {
    const collected = collect();
    if (!collected) return !isFailing;
    try {
      await save(collected.lines);
      collected.saved();
      if (isFailing) warn('positions are stored again');
      isFailing = false;
    } catch (error) {
      if (!isFailing) warn(`positions cannot be stored, which is tried again every second: ${messageOf(error)}`);
      isFailing = true;
    }
    return !isFailing;
  };
  const saveSoon = (): Promise<boolean> => {
    running ??= saveOnce().finally(() => (running = undefined));
    return running;
  };

  const cancel = clock.every(SAVE_PERIOD_MS, () => void saveSoon());
  return {
    async saveNow() {
      await running;
      return saveSoon();
    },
    close: cancel,
  };
}
