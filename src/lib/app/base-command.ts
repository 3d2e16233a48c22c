import * as Args from '@oclif/core/args';
import { Command } from '@oclif/core/command';
import * as Flags from '@oclif/core/flags';
import { EXIT_CODES, type ExitName } from '../errors/exit-codes.ts';
import { environment } from '../runtime/environment.ts';
import { setExitCode, stdoutClosed } from '../runtime/own-process.ts';
import { wantsColor, colorModeOf } from './color.ts';
import { describeError, errorJson, formatErrorReport, quietExitCode } from './error-report.ts';
import { colorFlag, jsonFlag } from './flags.ts';

export { Args, Flags };

/**
 * What every command of ours shares: `--json`, `--color`, errors shown in one way, exit codes from one table. A command's `run()` parses,
 * makes one library call, shows, and returns its result; the result is what `--json` prints.
 *
 *     export default class ChaosList extends FaultlineCommand {
 *       static override summary = 'List runs, newest first.';
 *       static override flags = { state: stateFlag };
 *
 *       async run(): Promise<RunSummary[]> {
 *         const { flags } = await this.parse(ChaosList);
 *         const runs = await listRuns(flags.state);
 *         this.log(formatRunList(runs, this.color()));
 *         return runs;
 *       }
 *     }
 */
export abstract class FaultlineCommand extends Command {
  static override enableJsonFlag = true;
  static override baseFlags = { color: colorFlag, json: jsonFlag };

  /** Aborted when nobody reads our output any more: a command that prints without end then ends. */
  protected readonly outputClosed: AbortSignal = stdoutClosed;

  /** Whether to colour what goes to that stream. */
  protected color(stream: 'stdout' | 'stderr' = 'stdout'): boolean {
    return wantsColor(colorModeOf(this.argv), environment(), process[stream]);
  }

  /** Ends the process with this code once the result is shown: for verdicts, which are results and not errors. */
  protected exitAs(exitName: ExitName): void {
    setExitCode(EXIT_CODES[exitName]);
  }

  protected override logJson(json: unknown): void {
    process.stdout.write(`${JSON.stringify(json, null, 2)}\n`);
  }

  protected override async catch(thrown: unknown): Promise<void> {
    const quiet = quietExitCode(thrown);
    if (quiet !== undefined) {
      setExitCode(quiet);
      return;
    }
    const report = describeError(thrown, { helpCommand: this.#helpCommand(), flagNames: this.#flagNames() });
    setExitCode(EXIT_CODES[report.exitName]);
    const stack = environment().DEBUG !== undefined;
    if (this.jsonEnabled()) this.logJson(errorJson(report));
    if (!this.jsonEnabled() || stack) {
      process.stderr.write(`${formatErrorReport(report, { color: this.color('stderr'), stack })}\n`);
    }
  }

  #helpCommand(): string {
    return [this.config.bin, ...(this.id ?? '').split(':'), '--help'].filter((word) => word !== '').join(' ');
  }

  #flagNames(): string[] {
    return ['help', ...Object.keys(this.ctor.baseFlags), ...Object.keys(this.ctor.flags)];
  }
}
