import type { Environment } from '../runtime/environment.ts';

export interface ViewQuestion {
  readonly isTty: boolean;
  readonly env: Environment;
  /** Asked for by the user. */
  readonly plain: boolean;
  /** Standard output is for a program. */
  readonly json: boolean;
}

/**
 * Whether a run is shown live, or as one plain line an event. Live needs a person at a terminal that can move its cursor; in CI, on a dumb
 * terminal and with a screen reader (which would read every redrawn frame aloud) plain lines serve better.
 */
export function chooseView({ isTty, env, plain, json }: ViewQuestion): 'live' | 'plain' {
  if (plain || json || !isTty) return 'plain';
  if (isSet(env.CI) || env.INK_SCREEN_READER === 'true') return 'plain';
  return env.TERM === undefined || env.TERM === '' || env.TERM === 'dumb' ? 'plain' : 'live';
}

/** Whether only ASCII may be drawn: the locale's character set is not UTF-8, or the terminal has no more than a small built-in font. */
export function wantsAscii(env: Environment): boolean {
  // The first that is set and not empty counts (POSIX.1-2024, 8.2).
  const locale = [env.LC_ALL, env.LC_CTYPE, env.LANG].find((value) => value !== undefined && value !== '') ?? '';
  return !/utf-?8/i.test(locale) || /^(?:linux|dumb|vt)/.test(env.TERM ?? '');
}

/**
 * Whether the terminal breaks long lines anew when it becomes narrower. Nearly all do; xterm itself, GNU screen and consoles cut them
 * off.
 */
export function reflowsLines(env: Environment): boolean {
  return env.XTERM_VERSION === undefined && env.STY === undefined && !/^(?:linux|vt)/.test(env.TERM ?? '');
}

/** As CI systems set it: `CI=true`, `CI=1`; `CI=false` is how people say that this is none. */
function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value !== 'false' && value !== '0';
}
