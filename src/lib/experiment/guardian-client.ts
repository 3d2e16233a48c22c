import { AppError } from '../errors/app-error.ts';
import { once } from 'node:events';
import type { Clock } from '../runtime/clock.ts';
import { refOf } from '../runtime/processes.ts';
import { startOwnProgram, type OwnProgram } from '../runtime/spawn.ts';
import { GUARDIAN_PING, GUARDIAN_PING_MS, GUARDIAN_READY, GUARDIAN_RELEASE } from './guardian.ts';
import type { RunLog } from './run-log.ts';

/** How long a guardian may take until it is ready; on an idle machine it takes a fifth of a second. */
const READY_TIMEOUT_MS = 15_000;
/** How often a guardian that died is replaced before the run is given up. */
const MAX_REPLACEMENTS = 3;

export interface GuardianClient {
  /** Tells the guardian that everything is reverted; it then leaves. */
  release(): void;
}

/**
 * Starts the run's guardian and resolves when it can take over. It is replaced when it dies; when that fails, `onUnguarded` is called, and
 * the run must end, since a fault could outlive it. Throws AppError `invalid` when there is no guardian to begin with.
 */
export async function startGuardian(options: {
  readonly stateDirectory: string;
  readonly log: RunLog;
  readonly clock: Clock;
  readonly onUnguarded: (reason: string) => void;
}): Promise<GuardianClient> {
  const { log, onUnguarded } = options;
  let program: OwnProgram;
  let released = false;
  let replacements = 0;

  const start = async (): Promise<void> => {
    program = startOwnProgram('guardian', [options.stateDirectory, log.run]);
    await untilReady(program, options.clock);
    const pid = program.pid ?? 0;
    log.record({ type: 'guardian.started', pid, startTicks: refOf(pid)?.startTicks ?? 0 });
    program.onEnd((reason) => {
      if (released) return;
      log.record({ type: 'guardian.lost', pid, reason });
      if (++replacements > MAX_REPLACEMENTS) onUnguarded(`the guardian died ${replacements} times (${reason})`);
      else
        start().catch((error: unknown) =>
          onUnguarded(`the guardian ${reason} and could not be replaced: ${String(error)}`),
        );
    });
    program.release();
  };
  await start();
  const stopPings = options.clock.every(GUARDIAN_PING_MS, () => program.stdin.write(GUARDIAN_PING));

  return {
    release() {
      released = true;
      stopPings();
      program.stdin.end(`${GUARDIAN_RELEASE}\n`);
    },
  };
}

async function untilReady(program: OwnProgram, clock: Clock): Promise<void> {
  const ready = once(program.stdout, 'data').then(([chunk]) => {
    if (!String(chunk).startsWith(GUARDIAN_READY)) throw new Error(`said ${JSON.stringify(String(chunk))}`);
  });
  ready.catch(() => undefined);
  const failed = new Promise<never>((_, reject) => {
    program.onEnd((reason) => reject(new Error(reason)));
  });
  failed.catch(() => undefined);
  let cancel = (): void => undefined;
  const late = new Promise<never>((_, reject) => {
    cancel = clock.after(READY_TIMEOUT_MS, () => reject(new Error(`not ready after ${READY_TIMEOUT_MS} ms`)));
  });
  try {
    await Promise.race([ready, failed, late]);
  } catch (error) {
    throw new AppError(
      'invalid',
      `the guardian could not be started: ${error instanceof Error ? error.message : String(error)}`,
      {
        hint: 'without a guardian a fault could outlive the run, so nothing is injected',
        cause: error,
      },
    );
  } finally {
    cancel();
  }
}
