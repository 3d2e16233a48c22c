import { homedir } from 'node:os';
import { join } from 'node:path';

export type Environment = Readonly<Record<string, string | undefined>>;

export function environment(): Environment {
  return process.env;
}

/** Where runs are kept: `$XDG_STATE_HOME/faultline`, by default `~/.local/state/faultline` (XDG Base Directory 0.8). */
export function defaultStateDirectory(env: Environment = process.env): string {
  return join(env.XDG_STATE_HOME ?? join(homedir(), '.local', 'state'), 'faultline');
}

/** Where a user's own settings are kept: `$XDG_CONFIG_HOME/faultline`, by default `~/.config/faultline`. */
export function configDirectory(env: Environment = process.env): string {
  return join(env.XDG_CONFIG_HOME ?? join(homedir(), '.config'), 'faultline');
}

/**
 * Loads something with `NODE_ENV=production` in force, and puts back what was there: React chooses its build by it while it is imported,
 * and the development build costs a third more for each frame. Processes that are started later must not inherit it.
 */
export async function withProductionNodeEnv<Loaded>(load: () => Promise<Loaded>): Promise<Loaded> {
  const before = process.env.NODE_ENV;
  process.env.NODE_ENV = 'production';
  try {
    return await load();
  } finally {
    if (before === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = before;
  }
}
