import { AppError } from '../errors/app-error.ts';
import { openScenario, type ScenarioFlags } from './open-scenario.ts';

export interface ValidatedScenario {
  readonly file: string;
  readonly name: string;
  readonly faults: number;
  /** Without waiting for recovery: before, method, after. */
  readonly durationMs: number;
}

/** Checks files. Throws one AppError `usage` with the mistakes of all of them. */
export function validateScenarios(files: readonly string[], flags: ScenarioFlags): ValidatedScenario[] {
  const valid: ValidatedScenario[] = [];
  const mistakes: string[] = [];
  let hint: string | undefined;
  for (const file of files) {
    try {
      const { scenario, timeline } = openScenario(file, flags);
      const { beforeMs, afterMs } = scenario.timing;
      valid.push({
        file,
        name: scenario.name,
        faults: timeline.faults.length,
        durationMs: beforeMs + timeline.endMs + afterMs,
      });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      if (files.length === 1) throw error;
      mistakes.push(error.message, ...error.details.map((detail) => `  ${detail}`));
      hint ??= error.hint;
    }
  }
  if (mistakes.length === 0) return valid;
  throw new AppError('usage', `${files.length - valid.length} of ${files.length} scenarios have mistakes`, {
    details: mistakes,
    hint,
  });
}
