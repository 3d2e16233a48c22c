import { writeFileSync } from 'node:fs';
import type { Reporter, TestCase, TestModule } from 'vitest/node';

/** What test/run.js needs to know of a run of Vitest; a skipped test without a reason counts as failed. */
export interface TestSummary {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly { readonly test: string; readonly reason: string }[];
  readonly unexplained: readonly string[];
  /** Tests that failed first, and passed when they were tried again. */
  readonly retried: readonly string[];
}

/** Writes the summary to the file that FAULTLINE_TEST_SUMMARY names. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const path = process.env.FAULTLINE_TEST_SUMMARY;
    if (path !== undefined) writeFileSync(path, JSON.stringify(summarise(modules, unhandledErrors.length)));
  }
}

function summarise(modules: readonly TestModule[], unhandledErrors: number): TestSummary {
  const tests = modules.flatMap((module) => [...module.children.allTests()]);
  const skips = tests.filter((test) => test.result().state === 'skipped').map(explainSkip);
  const unexplained = skips.filter(({ reason }) => reason === undefined).map(({ test }) => test);
  // A file that could not be loaded has no tests, and must not pass for that.
  const broken = modules.filter((module) => module.errors().length > 0).length;
  const countOf = (state: string): number => tests.filter((test) => test.result().state === state).length;
  return {
    passed: countOf('passed'),
    failed: countOf('failed') + countOf('pending') + broken + unexplained.length + unhandledErrors,
    skipped: skips.flatMap(({ test, reason }) => (reason === undefined ? [] : [{ test, reason }])),
    unexplained,
    retried: tests
      .filter((test) => test.diagnostic()?.flaky)
      .map((test) => `${test.module.relativeModuleId} > ${test.fullName}`),
  };
}

/** The reason stands in the name (`requires.ts` puts it there) or in a note. */
function explainSkip(test: TestCase): { test: string; reason: string | undefined } {
  const result = test.result();
  const name = `${test.module.relativeModuleId} > ${test.fullName}`;
  const [mark, needs] = / \[skipped: needs (.*?)\]/.exec(name) ?? [];
  if (mark !== undefined && needs !== undefined) return { test: name.replace(mark, ''), reason: `needs ${needs}` };
  return { test: name, reason: result.state === 'skipped' ? result.note : undefined };
}
