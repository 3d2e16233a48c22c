import { EXIT_CODES, type ExitCode, type ExitName } from './exit-codes.ts';

export interface AppErrorOptions {
  /** The next step for the user: what would be right, what to install, which command to run. */
  hint?: string | undefined;
  /** Further lines shown below the message, such as every mistake found in a file. */
  details?: readonly string[] | undefined;
  cause?: unknown;
}

/**
 * An error that a user is meant to read: what went wrong, what to do next, and the exit code that says so to a script.
 * Anything thrown that is not an AppError is a bug of ours and ends with code 70.
 */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly exitName: ExitName;
  readonly hint: string | undefined;
  readonly details: readonly string[];

  constructor(exitName: ExitName, message: string, options: AppErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.exitName = exitName;
    this.hint = options.hint;
    this.details = options.details ?? [];
  }

  get exitCode(): ExitCode {
    return EXIT_CODES[this.exitName];
  }
}

/** The message of anything that was thrown, in one line. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
