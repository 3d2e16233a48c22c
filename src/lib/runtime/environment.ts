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
