import { resolve } from 'node:path';
import { boolean, custom, option, string } from '@oclif/core/flags';
import { AppError } from '../errors/app-error.ts';
import { defaultStateDirectory } from '../runtime/environment.ts';
import { parseDurationMs } from '../wire/quantities.ts';
import { COLOR_MODES } from './color.ts';

/** Flags that several commands share, written once. */

/** `--color auto|always|never`, on every command. */
export const colorFlag = option({
  options: COLOR_MODES,
  default: 'auto',
  summary: 'Colours in what is printed; NO_COLOR is honoured.',
  helpGroup: 'GLOBAL',
})();

/** `--json`, on every command: the result, or the error, as one object on standard output. */
export const jsonFlag = boolean({ summary: 'Print the result as one JSON object.', helpGroup: 'GLOBAL' });

/** `--state DIR`, for commands that read or write runs; always an absolute path. */
export const stateFlag = string({
  env: 'FAULTLINE_STATE',
  summary: 'Where runs are kept; by default $XDG_STATE_HOME/faultline.',
  helpValue: 'DIR',
  parse: async (directory) => resolve(directory),
  default: async () => defaultStateDirectory(),
  // The manifest is committed: a home directory of whoever made it does not belong there.
  noCacheDefault: true,
});

/** `--var NAME=VALUE`, for commands that load scenarios. Takes one value each time: what follows may be the scenario file. */
export const varFlag = string({
  summary: 'Give a variable its value; may be repeated.',
  helpValue: 'NAME=VALUE',
  multiple: true,
  multipleNonGreedy: true,
});

/** `--var-file FILE`, for commands that load scenarios. */
export const varFileFlag = string({
  summary: 'Take variables from a YAML, JSON or .env file; may be repeated, later ones win.',
  helpValue: 'FILE',
  multiple: true,
  multipleNonGreedy: true,
});

/** A duration such as `5m`; comes out in milliseconds. */
export const durationFlag = custom<number>({
  parse: async (text) => {
    const ms = parseDurationMs(text);
    if (ms !== undefined) return ms;
    throw new AppError('usage', `"${text}" is not a duration`, { hint: 'write for example 300ms, 3.2s or 1m30s' });
  },
});

/** Flags by which the process is found that has the services. */
export interface ServiceFlags {
  readonly api: string | undefined;
  readonly token: string | undefined;
  readonly state: string;
}

/** Where the process is that has the services: for commands that look at them or change them. */
export const serviceFlags = {
  api: string({
    env: 'FAULTLINE_API',
    summary: 'Ask the process there; by default all of this machine that keep their state in --state.',
    helpValue: 'HOST:PORT',
    noCacheDefault: true,
  }),
  token: string({
    env: 'FAULTLINE_API_TOKEN',
    summary: 'What the API at --api wants to be shown.',
    helpValue: 'TOKEN',
    noCacheDefault: true,
  }),
  state: stateFlag,
};
