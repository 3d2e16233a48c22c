import { CLIError, ExitError, ModuleLoadError } from '@oclif/core/errors';
import { AppError, messageOf } from '../errors/app-error.ts';
import { EXIT_CODES, type ExitCode, type ExitName } from '../errors/exit-codes.ts';
import { nearest } from '../errors/nearest.ts';

/** An error as it is shown: to people on stderr, to programs as JSON. */
export interface ErrorReport {
  readonly exitName: ExitName;
  readonly message: string;
  readonly details: readonly string[];
  readonly hint: string | undefined;
  /** Only for a bug of ours. */
  readonly stack: string | undefined;
}

/** What the command line itself knows about the command that failed. */
export interface ErrorContext {
  /** Shows the command's help, such as `chaos run --help`. */
  readonly helpCommand: string;
  /** The command's flags by name, without dashes. */
  readonly flagNames: readonly string[];
}

/** The code of a command that ended itself on purpose, with nothing to say; undefined for real errors. */
export function quietExitCode(thrown: unknown): number | undefined {
  return thrown instanceof ExitError ? (thrown.oclif.exit ?? EXIT_CODES.passed) : undefined;
}

/** Sorts out what was thrown: an error meant for the user, a mistake on the command line, or a bug of ours. */
export function describeError(thrown: unknown, context: ErrorContext): ErrorReport {
  if (thrown instanceof AppError) {
    const { exitName, details, hint } = thrown;
    // Thrown by a flag's own parser, its message has been wrapped by the library.
    const message = tidyParserText(thrown.message);
    return { exitName, message, details, hint, stack: exitName === 'bug' ? thrown.stack : undefined };
  }
  const isUsage = thrown instanceof CLIError && !(thrown instanceof ModuleLoadError);
  if (isUsage || isParseFailure(thrown)) return describeUsageError(thrown, context);
  return {
    exitName: 'bug',
    message: messageOf(thrown),
    details: ['This is a bug of ours, not a mistake of yours.'],
    hint: 'run it again with DEBUG=* to see where it happened, and report it with that output',
    stack: thrown instanceof Error ? thrown.stack : undefined,
  };
}

/** For people: what went wrong, the details below it, then the next step. The stack only when asked for. */
export function formatErrorReport(report: ErrorReport, { color, stack }: { color: boolean; stack: boolean }): string {
  const paint = (code: string, text: string): string => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
  const lines = [`${paint('1;31', 'error:')} ${report.message}`, ...report.details.map((detail) => indent(detail))];
  if (report.hint !== undefined) lines.push(`${paint('36', '→')} ${report.hint}`);
  if (stack && report.stack !== undefined) lines.push('', report.stack);
  return lines.join('\n');
}

/** For programs: one object with the same content. `code` is the exit code's name. */
export function errorJson(report: ErrorReport): {
  readonly error: {
    readonly message: string;
    readonly hint: string | null;
    readonly details: readonly string[];
    readonly exitCode: ExitCode;
    readonly code: ExitName;
  };
} {
  const { message, hint, details, exitName } = report;
  return { error: { message, hint: hint ?? null, details, exitCode: EXIT_CODES[exitName], code: exitName } };
}

function describeUsageError(thrown: Error, context: ErrorContext): ErrorReport {
  const [message = '', ...details] = tidyParserText(thrown.message).split('\n');
  const unknown = unknownFlagsOf(thrown);
  const missing = missingArgumentsOf(thrown);
  const guesses = unknown.map((flag) => guessFlag(flag, context.flagNames)).filter((guess) => guess !== undefined);
  const usageHint = `\`${context.helpCommand}\` shows what it takes`;
  if (missing.length > 0) {
    return {
      exitName: 'usage',
      message: `missing ${missing.map(({ name }) => name.toUpperCase()).join(' ')}`,
      details: missing.map(({ name, description }) => `${name.toUpperCase()}: ${description ?? 'no description'}`),
      hint: usageHint,
      stack: undefined,
    };
  }
  return {
    exitName: 'usage',
    message: unknown.length > 0 ? `unknown flag ${unknown.join(', ')}` : message,
    details: details.filter((line) => line.trim() !== ''),
    hint: guesses.length > 0 ? `did you mean ${guesses.join(', ')}?` : usageHint,
    stack: undefined,
  };
}

/** A flag's or argument's own parser threw: the library marks that in the text only. */
function isParseFailure(thrown: unknown): thrown is Error {
  return thrown instanceof Error && thrown.message.startsWith('Parsing --');
}

function tidyParserText(text: string): string {
  return text
    .replace(/\n*See more help with --help/g, '')
    .replace(/^Parsing (--\S+) *\n\t/, '$1: ')
    .trim();
}

function unknownFlagsOf(thrown: Error): readonly string[] {
  if (!('flags' in thrown) || !Array.isArray(thrown.flags)) return [];
  return thrown.flags.filter((flag) => typeof flag === 'string').map((flag) => flag.split('=', 1)[0] ?? flag);
}

interface NamedArgument {
  readonly name: string;
  readonly description?: string | undefined;
}

function missingArgumentsOf(thrown: Error): readonly NamedArgument[] {
  if (!('args' in thrown) || !Array.isArray(thrown.args)) return [];
  return thrown.args.filter(
    (argument): argument is NamedArgument => typeof argument === 'object' && 'name' in argument,
  );
}

function guessFlag(flag: string, known: readonly string[]): string | undefined {
  const guess = nearest(flag.replace(/^-+/, ''), known);
  return guess && `--${guess}`;
}

function indent(text: string): string {
  return text
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');
}
