import type { Readable, Writable } from 'node:stream';
import type { Clock } from '../runtime/clock.ts';
import { isAlive, signalProcess } from '../runtime/processes.ts';
import { JournalDatabase } from '../store/journal-database.ts';
import { recoverRun, type RecoveryReport, type Reverter } from './recover.ts';

/** What the runner says to its guardian when it has reverted everything itself. */
export const GUARDIAN_RELEASE = 'done';
/** What the guardian says once it can take over. */
export const GUARDIAN_READY = 'ready';
/** How often the runner says that it is alive; one byte, told apart from the release by being another letter. */
export const GUARDIAN_PING_MS = 1_000;
export const GUARDIAN_PING = '.';

/**
 * A runner that has said nothing for this long hangs (stopped by Ctrl-Z or a debugger, starved, or caught in a loop): nobody would end its
 * faults in time, so it is killed and its faults are taken back.
 */
export const GUARDIAN_SILENCE_MS = 15_000;

/** How long the guardian waits for a runner that has closed the pipe to be gone as well. */
const DEATH_WAIT_MS = 200;

export interface GuardianOptions {
  readonly stateDirectory: string;
  readonly run: string;
  readonly clock: Clock;
  readonly revert: Reverter;
  readonly input: Readable;
  readonly output: Writable;
  /** By default GUARDIAN_SILENCE_MS. */
  readonly silenceMs?: number;
}

/**
 * The body of the guardian process. It holds the other end of a pipe from the runner: as long as the runner lives, the pipe is open; the
 * kernel closes it whatever way the runner dies. Then everything that the journal says is in force is taken back.
 *
 *   runner ──pipe──▶ guardian        . . . . . done   leave quietly
 *      ✗ SIGKILL                     . . . ┤          read the journal, revert, end the run
 *      ✗ SIGSTOP                     . . .            kill the runner, then the same
 */
export async function runGuardian(options: GuardianOptions): Promise<RecoveryReport | undefined> {
  const { stateDirectory, run, clock, revert, input, output } = options;
  const database = JournalDatabase.open(stateDirectory);
  try {
    output.write(`${GUARDIAN_READY}\n`);
    output.end();
    const end = await watchRunner(input, clock, options.silenceMs ?? GUARDIAN_SILENCE_MS);
    if (end === 'released') return undefined;
    const row = database.lookupRun(run);
    if (!row) return undefined;
    if (end === 'silent') signalProcess(row.owner, 'SIGKILL');
    const deadlineMs = clock.monotonicMs() + DEATH_WAIT_MS;
    while (isAlive(row.owner) && clock.monotonicMs() < deadlineMs) await clock.sleep(5);
    return await recoverRun(row, { database, revert, clock, by: 'guardian' });
  } finally {
    database.close();
  }
}

/** Resolves when the runner has said that it is done, when its end of the pipe is closed without that word, or when it hangs. */
function watchRunner(input: Readable, clock: Clock, silenceMs: number): Promise<'released' | 'gone' | 'silent'> {
  return new Promise((resolve) => {
    let said = '';
    let heardMs = clock.monotonicMs();
    let silentLooks = 0;
    const cancel = clock.every(GUARDIAN_PING_MS, () => {
      // Two looks in a row: after a pause of this process itself the runner's bytes lie in the pipe, not yet read.
      silentLooks = clock.monotonicMs() - heardMs > silenceMs ? silentLooks + 1 : 0;
      if (silentLooks >= 2) end('silent');
    });
    const end = (how: 'released' | 'gone' | 'silent'): void => {
      cancel();
      resolve(how);
    };
    input.on('data', (chunk) => {
      heardMs = clock.monotonicMs();
      said = `${said}${String(chunk)}`.slice(-GUARDIAN_RELEASE.length - 1);
    });
    const onClosed = (): void => end(said.trim().endsWith(GUARDIAN_RELEASE) ? 'released' : 'gone');
    input.once('end', onClosed);
    // A broken pipe says the same as a closed one.
    input.once('error', onClosed);
  });
}
