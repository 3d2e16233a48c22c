import type { RunEvent } from '../events/run-events.ts';
import { formatReport } from '../report/format-registry.ts';
import { createPaint } from '../report/paint.ts';
import { createPlainFormat } from '../report/plain-events.ts';
import { realClock } from '../runtime/clock.ts';
import { environment } from '../runtime/environment.ts';
import { isErrno } from '../runtime/files.ts';
import { openTerminalWriter } from '../runtime/terminal-writer.ts';
import { chooseView } from '../tui/choose-view.ts';
import { executeRun, type ExecutedRun } from './execute-run.ts';
import { openScenario, type ScenarioFlags } from './open-scenario.ts';

export interface ShowOptions extends ScenarioFlags {
  readonly state: string;
  readonly seed?: number | undefined;
  readonly timeout?: number | undefined;
  readonly yes: boolean;
  readonly plain: boolean;
  readonly json: boolean;
  readonly events?: 'ndjson' | undefined;
  readonly color: boolean;
  readonly version: string;
}

/** What shows a run while it goes on, and what shows its report. */
interface View {
  onEvent(event: RunEvent): void;
  onWarning(message: string): void;
  end(run: ExecutedRun): Promise<void>;
}

/** Runs a scenario and shows it: live on a terminal, a line an event elsewhere, events as JSON lines, or nothing but the final object. */
export async function runAndShow(file: string, options: ShowOptions): Promise<ExecutedRun> {
  const { scenario, timeline } = openScenario(file, options);
  const view = await openView(options);
  const run = await executeRun({
    scenario,
    timeline,
    stateDirectory: options.state,
    version: options.version,
    seed: options.seed,
    assumeYes: options.yes,
    timeoutMs: options.timeout,
    onEvent: (event) => view.onEvent(event),
    onWarning: (message) => view.onWarning(message),
  });
  await view.end(run);
  return run;
}

async function openView(options: ShowOptions): Promise<View> {
  if (options.events === 'ndjson')
    return linesView(
      (event) => JSON.stringify(event),
      () => undefined,
    );
  if (options.json) return { onEvent: () => undefined, onWarning: warn, end: async () => undefined };
  const report = ({ report: shown }: ExecutedRun): string => `\n${formatReport(shown, createPaint(options.color))}`;
  const env = environment();
  if (chooseView({ isTty: process.stdout.isTTY, env, plain: options.plain, json: options.json }) === 'plain') {
    return linesView(createPlainFormat(), report);
  }
  const { openLiveRun } = await import('../tui/live-run.ts');
  const broken = linesView(createPlainFormat(), report);
  const live = await openLiveRun({
    stdout: process.stdout,
    colour: options.color,
    env,
    clock: realClock,
    onBroken: (event) => broken.onEvent(event),
  });
  return {
    onEvent: (event) => live.onEvent(event),
    onWarning: (message) => live.print(message),
    async end(run) {
      await live.close();
      await broken.end(run);
    },
  };
}

/**
 * One line an event, and the report at the end. A reader that takes nothing (a pipe into a pager, Ctrl-S) holds the lines up, never the run: what
 * it misses is in the journal.
 */
function linesView(
  format: (event: RunEvent) => string | undefined,
  report: (run: ExecutedRun) => string | undefined,
): View {
  const writer = openTerminalWriter(process.stdout, (error) => {
    if (!isErrno(error, 'EPIPE')) warn('nobody takes the lines any more; `chaos show --events` has all of them');
  });
  const print = (line: string | undefined): void => {
    if (line !== undefined) writer.write(`${line}\n`);
  };
  return {
    onEvent: (event) => print(format(event)),
    onWarning: warn,
    async end(run) {
      print(report(run));
      await writer.drained();
      writer.release();
    },
  };
}

function warn(message: string): void {
  process.stderr.write(`${message}\n`);
}
