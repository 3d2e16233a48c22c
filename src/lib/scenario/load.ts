import { SCENARIO_FORMAT } from './checks/scenario-format.ts';
import { buildScenario } from './file/build.ts';
import { loadFile, type LoadOptions } from './file/load-file.ts';
import { parseFile, type ParseOptions } from './file/parse-file.ts';
import type { Scenario } from './scenario.ts';

export type { LoadOptions, ParseOptions };

/**
 * Reads, checks and completes a scenario file. Throws one AppError `usage` with all mistakes that are in it, a line each:
 * `file:line:column  what is wrong, and what would be right`. No line shows the value of a secret.
 */
export function loadScenario(file: string, options: LoadOptions): Scenario {
  return loadFile(file, options, parseScenario);
}

/** The same for a text that is in memory already; touches no disk but through `readFile`. */
export function parseScenario(text: string, options: ParseOptions): Scenario {
  const parsed = parseFile(text, options, SCENARIO_FORMAT);
  return buildScenario(parsed, options);
}
