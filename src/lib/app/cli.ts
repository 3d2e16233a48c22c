import type { Config } from '@oclif/core/config';
import { AppError } from '../errors/app-error.ts';
import { EXIT_CODES } from '../errors/exit-codes.ts';
import { environment } from '../runtime/environment.ts';
import { endWithin, onUncaughtError, outliveClosedOutput, setExitCode } from '../runtime/own-process.ts';
import { linkToWrapper } from '../runtime/wrapper-link.ts';
import { type BinName, MAIN_BIN } from './bin-view.ts';
import { colorModeOf, wantsColor } from './color.ts';
import { describeError, errorJson, formatErrorReport } from './error-report.ts';
import { loadConfig } from './load-config.ts';
import { formatRootHelp, type TopicDescriptions } from './root-help.ts';
import { routeArguments } from './route.ts';

/** A command that has shown its result has this long to close what it opened. */
const END_GRACE_MS = 2_000;

/** Columns of help where there is no terminal to ask. */
const DEFAULT_COLUMNS = 80;

/** Runs one command line to its end. Never rejects: what goes wrong is shown, and is the exit code. */
export async function main(bin: BinName, argv: readonly string[]): Promise<void> {
  outliveClosedOutput();
  onUncaughtError((error) => showError(bin, argv, error));
  await linkToWrapper();
  try {
    await dispatch(bin, argv);
  } catch (error) {
    setExitCode(showError(bin, argv, error));
  }
  endWithin(END_GRACE_MS, (keptAliveBy) => {
    if (environment().DEBUG !== undefined) process.stderr.write(`ended although open: ${keptAliveBy.join(', ')}\n`);
  });
}

async function dispatch(bin: BinName, argv: readonly string[]): Promise<void> {
  const config = await loadConfig(bin);
  if (config.commandIDs.length === 0) {
    throw new AppError('usage', `this version of faultline (${config.version}) has no ${bin} command`);
  }
  const route = routeArguments(argv, { commands: config.commandIDs, topics: config.topics.map((topic) => topic.name) });
  switch (route.to) {
    case 'version':
      process.stdout.write(`${bin} ${config.version}\n`);
      return;
    case 'help':
      process.stdout.write(await helpOf(bin, config, route.id, argv));
      return;
    case 'command':
      await config.runCommand(route.id, [...route.argv]);
      return;
    case 'nowhere':
      throw await unknownCommand(bin, config, route.words, route.guess);
  }
}

async function helpOf(bin: BinName, config: Config, id: string | undefined, argv: readonly string[]): Promise<string> {
  if (id === undefined) {
    return formatRootHelp(bin, config.commands, (config.pjson.oclif.topics ?? {}) as TopicDescriptions);
  }
  const { formatHelp } = await import('./help.ts');
  const color = wantsColor(colorModeOf(argv), environment(), process.stdout);
  return formatHelp(config, id, { color, columns: process.stdout.isTTY ? process.stdout.columns : DEFAULT_COLUMNS });
}

/** Nothing of that name: the nearest one of this program, else the same words under the main program. */
async function unknownCommand(
  bin: BinName,
  config: Config,
  words: string,
  guess: string | undefined,
): Promise<AppError> {
  if (words.startsWith('-')) {
    return new AppError('usage', `${words} stands before any command`, {
      hint: `flags come after the command; \`${bin} --help\` lists the commands`,
    });
  }
  const elsewhere = bin === MAIN_BIN || guess !== undefined ? undefined : await lookupInMain(words);
  const hint =
    guess !== undefined
      ? `did you mean \`${bin} ${guess}\`?`
      : (elsewhere ?? `\`${config.bin} --help\` lists the commands`);
  return new AppError('usage', `${bin} has no command \`${words}\``, { hint });
}

async function lookupInMain(words: string): Promise<string | undefined> {
  const { commandIDs, topics } = await loadConfig(MAIN_BIN);
  const known = [...commandIDs, ...topics.map((topic) => topic.name)];
  return known.includes(words.replaceAll(' ', ':')) ? `that is \`${MAIN_BIN} ${words}\`` : undefined;
}

/** Shows an error that no command could show, and returns its exit code. */
function showError(bin: BinName, argv: readonly string[], error: unknown): number {
  const report = describeError(error, { helpCommand: `${bin} --help`, flagNames: [] });
  if (argv.includes('--json')) process.stdout.write(`${JSON.stringify(errorJson(report), null, 2)}\n`);
  else {
    const color = wantsColor(colorModeOf(argv), environment(), process.stderr);
    process.stderr.write(`${formatErrorReport(report, { color, stack: environment().DEBUG !== undefined })}\n`);
  }
  return EXIT_CODES[report.exitName];
}
