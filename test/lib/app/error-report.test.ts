import * as Args from '@oclif/core/args';
import { ExitError, ModuleLoadError } from '@oclif/core/errors';
import * as Flags from '@oclif/core/flags';
import { parse } from '@oclif/core/parser';
import { describe, expect, it } from 'vitest';
import { describeError, errorJson, formatErrorReport, quietExitCode } from '../../../src/lib/app/error-report.ts';
import { durationFlag } from '../../../src/lib/app/flags.ts';
import { AppError } from '../../../src/lib/errors/app-error.ts';

const context = { helpCommand: 'chaos run --help', flagNames: ['seed', 'timeout', 'json'] };
const plain = { color: false, stack: false };

/** What the command library really throws for these arguments. */
async function parseFailure(...argv: string[]): Promise<unknown> {
  const input = {
    args: { file: Args.string({ required: true, description: 'the scenario', ignoreStdin: true }) },
    flags: {
      seed: Flags.integer({ min: 0 }),
      timeout: durationFlag(),
      events: Flags.option({ options: ['ndjson'] as const, exclusive: ['seed'] })(),
    },
    strict: true,
  };
  return parse(argv, input).then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('an error for the user', () => {
  const error = new AppError('usage', 'the scenario has 2 mistakes', {
    details: ['a.yaml:3:5  no such key', 'a.yaml:9:1  two\nlines'],
    hint: 'mend them',
  });

  it('is shown as message, details and next step', () => {
    expect(formatErrorReport(describeError(error, context), { color: false, stack: true })).toBe(
      'error: the scenario has 2 mistakes\n  a.yaml:3:5  no such key\n  a.yaml:9:1  two\n  lines\n→ mend them',
    );
  });

  it('is one object for programs', () => {
    expect(errorJson(describeError(error, context))).toEqual({
      error: {
        message: 'the scenario has 2 mistakes',
        hint: 'mend them',
        details: ['a.yaml:3:5  no such key', 'a.yaml:9:1  two\nlines'],
        exitCode: 2,
        code: 'usage',
      },
    });
  });

  it('has colour only when asked', () => {
    expect(formatErrorReport(describeError(error, context), { color: true, stack: false })).toContain(
      '\u001b[1;31merror:\u001b[0m',
    );
  });
});

describe('a mistake on the command line', () => {
  it.each([
    [['a', '--sede', '1'], 'unknown flag --sede', 'did you mean --seed?'],
    [['a', '--sede=1', '--jsno'], 'unknown flag --sede, --jsno', 'did you mean --seed, --json?'],
    [['a', '--xyzzy'], 'unknown flag --xyzzy', '`chaos run --help` shows what it takes'],
    [[], 'missing FILE', '`chaos run --help` shows what it takes'],
    [['a', 'b'], 'Unexpected argument: b', '`chaos run --help` shows what it takes'],
    [['a', '--seed'], 'Flag --seed expects a value', '`chaos run --help` shows what it takes'],
    [['a', '--seed', 'x'], '--seed: Expected an integer but received: x', '`chaos run --help` shows what it takes'],
    [
      ['a', '--seed', '-1'],
      '--seed: Expected an integer greater than or equal to 0 but received: -1',
      '`chaos run --help` shows what it takes',
    ],
    [['a', '--events', 'xml'], 'Expected --events=xml to be one of: ndjson', '`chaos run --help` shows what it takes'],
    [['a', '--timeout', '5x'], '--timeout: "5x" is not a duration', 'write for example 300ms, 3.2s or 1m30s'],
  ])('%j says %s', async (argv, message, hint) => {
    const report = describeError(await parseFailure(...argv), context);
    expect(report).toMatchObject({ exitName: 'usage', message, hint, stack: undefined });
  });

  it('tells what a missing argument is', async () => {
    expect(describeError(await parseFailure(), context).details).toEqual(['FILE: the scenario']);
  });

  it('tells flags that exclude each other', async () => {
    const report = describeError(await parseFailure('a', '--seed', '1', '--events', 'ndjson'), context);
    expect(report.exitName).toBe('usage');
    expect(report.details.join('\n')).toContain('--seed=1 cannot also be provided when using --events');
  });
});

describe('anything else that was thrown', () => {
  const report = describeError(new TypeError('x is not a function'), context);

  it('is a bug of ours', () => {
    expect(errorJson(report).error).toMatchObject({ exitCode: 70, code: 'bug', message: 'x is not a function' });
    expect(formatErrorReport(report, plain)).toContain('This is a bug of ours');
  });

  it('has its stack shown only when asked', () => {
    expect(formatErrorReport(report, plain)).not.toContain('error-report.test.ts');
    expect(formatErrorReport(report, { color: false, stack: true })).toContain('error-report.test.ts');
  });

  it('includes a command whose file is missing', () => {
    expect(describeError(new ModuleLoadError('no such file'), context).exitName).toBe('bug');
  });

  it.each([['text'], [undefined], [{}]])('may be no error at all: %j', (thrown) => {
    expect(describeError(thrown, context).exitName).toBe('bug');
  });
});

describe('a command that ends itself', () => {
  it('has a code and nothing to say', () => {
    expect(quietExitCode(new ExitError(3))).toBe(3);
    expect(quietExitCode(new Error('x'))).toBeUndefined();
  });
});
