import { dirname, resolve } from 'node:path';
import { environment, type Environment } from '../../runtime/environment.ts';
import { loadVarFile, type VariableValues } from '../variables/var-file.ts';
import type { ScenarioKinds } from './kinds.ts';
import type { ParseOptions } from './parse-file.ts';
import { readNamedFile, readText } from './read-text.ts';

export interface LoadOptions {
  /** Every kind of fault and probe that the file may name. */
  readonly kinds: ScenarioKinds;
  /** From `--var`. A name that the file does not use is a mistake, unless it begins with `FAULTLINE_`: those are built in. */
  readonly vars?: VariableValues | undefined;
  /** Files of variables, YAML, JSON or `.env`; a later one goes before an earlier one. */
  readonly varFiles?: readonly string[] | undefined;
  /** By default that of this process. */
  readonly env?: Environment | undefined;
}

/** Reads a file and those of its variables, and has the text parsed. Throws AppError `usage`. */
export function loadFile<Loaded>(
  file: string,
  { kinds, vars, varFiles: names = [], env = environment() }: LoadOptions,
  parse: (text: string, options: ParseOptions) => Loaded,
): Loaded {
  const text = readText(file);
  const varFiles = names.map(loadVarFile).reverse();
  return parse(text, { file, directory: dirname(resolve(file)), kinds, vars, varFiles, env, readFile: readNamedFile });
}
