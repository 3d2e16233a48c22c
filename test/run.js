/**
 * `npm test`: everything that has to hold, from a clean clone, in one command. Its last line is `N passed, N failed` (`, N skipped`).
 *
 *     node test/run.js                 prepare, check types, lint and format, run all tests
 *     node test/run.js PATTERN…        only the test files whose path holds one of the patterns
 *     node test/run.js --checks        only types, lint and format
 *     node test/run.js --soak          only the tests, the long ones at full length (FAULTLINE_SOAK)
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundledNode, childEnvironment, installPrograms, prepare, root } from './prepare.js';

const CHECKS = [
  ['types', 'typescript/bin/tsc', '-p', '.'],
  ['lint', 'eslint/bin/eslint.js', '.'],
  ['format', 'prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.'],
];

/** What a Vitest that died before its end leaves behind. */
const NO_SUMMARY = { passed: 0, failed: 1, skipped: [], unexplained: [], retried: [] };

const words = process.argv.slice(2);
const patterns = words.filter((word) => !word.startsWith('--'));
const checksOnly = words.includes('--checks');
const soak = words.includes('--soak');
const testsOnly = soak || patterns.length > 0;

const total = { passed: 0, failed: 0, skipped: [], unexplained: [], retried: [] };

try {
  await prepare();
  if (!checksOnly && !(await installPrograms())) total.failed++;
  if (!testsOnly) for (const passed of await Promise.all(CHECKS.map(runCheck))) count(passed);
  if (!checksOnly) for (const part of testParts()) addSummary(await runTests(part));
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  total.failed++;
}
printTotal();
process.exitCode = total.failed === 0 ? 0 : 1;

/** Runs one check with its output held back; a check that fails shows it. */
async function runCheck([name, script, ...args]) {
  const startMs = Date.now();
  const { code, output } = await run([join(root, 'node_modules', script), ...args], 'hold');
  process.stdout.write(
    `${name}: ${code === 0 ? 'passed' : 'FAILED'} in ${((Date.now() - startMs) / 1000).toFixed(1)} s\n`,
  );
  if (code !== 0) process.stdout.write(`${output.trimEnd()}\n`);
  return code === 0;
}

/** The parts that the tests run in: end-to-end tests measure time and fill the machine, so each of their files is alone. */
function testParts() {
  if (patterns.length > 0) return [patterns];
  return [
    // Side by side on CI's crowded machine a test may miss a deadline once: it is tried again, and named. End-to-end tests never are:
    // a fault that outlives its run one time in twenty is the very thing that they are there to find.
    ['--exclude', '**/*.e2e.test.ts', ...(process.env.CI ? ['--retry=1'] : [])],
    ['--no-file-parallelism', '.e2e.test.ts'],
  ];
}

/** Runs Vitest and reads what its reporter has written; no report is a failure. */
async function runTests(part) {
  const directory = mkdtempSync(join(tmpdir(), 'faultline-tests-'));
  const summaryFile = join(directory, 'summary.json');
  const reporters = ['--reporter=default', '--reporter=./test/support/summary-reporter.ts'];
  const color = process.stdout.isTTY ? [] : ['--no-color'];
  const args = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...color, ...reporters, ...part];
  const { code } = await run(args, 'show', {
    FAULTLINE_TEST_SUMMARY: summaryFile,
    ...(soak ? { FAULTLINE_SOAK: '1' } : {}),
  });
  const summary = existsSync(summaryFile) ? JSON.parse(readFileSync(summaryFile, 'utf8')) : NO_SUMMARY;
  rmSync(directory, { recursive: true });
  // Vitest can fail for more than its tests: no test found, a worker that crashed.
  return code !== 0 && summary.failed === 0 ? { ...summary, failed: 1 } : summary;
}

function run(args, output, extraEnvironment = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(bundledNode, args, {
      cwd: root,
      env: childEnvironment(output === 'hold' ? { NO_COLOR: '1' } : extraEnvironment),
      stdio: output === 'show' ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    });
    let held = '';
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text) => (held += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output: held }));
  });
}

function count(passed) {
  if (passed) total.passed++;
  else total.failed++;
}

function addSummary({ passed, failed, skipped, unexplained, retried }) {
  total.passed += passed;
  total.failed += failed;
  total.skipped.push(...skipped);
  total.unexplained.push(...unexplained);
  total.retried.push(...retried);
}

function printTotal() {
  const lines = [
    ...total.retried.map((test) => `passed only when tried again: ${test}`),
    ...total.skipped.map(({ test, reason }) => `skipped: ${test}: ${reason}`),
    ...total.unexplained.map((test) => `FAILED: ${test}: skipped without a reason`),
    `${total.passed} passed, ${total.failed} failed${total.skipped.length > 0 ? `, ${total.skipped.length} skipped` : ''}`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
