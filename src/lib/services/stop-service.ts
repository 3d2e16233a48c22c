import { AppError, messageOf } from '../errors/app-error.ts';
import type { Clock } from '../runtime/clock.ts';
import { isAlive, signalProcess, type ProcessInfo, type ProcessRef } from '../runtime/processes.ts';
import { findAnchors, findServiceProcesses, findStrays } from './service-processes.ts';

export interface StopOptions {
  readonly run: string;
  readonly service: string;
  /** From SIGTERM to SIGKILL; asked again while waiting, so that an impatient user can shorten it. */
  readonly graceMs: () => number;
  readonly clock: Clock;
}

/** How often a wait looks whether the processes that it knows are gone. */
const LOOK_MS = 10;
/** How often it looks for new ones, which takes some milliseconds of reading /proc. */
const SEARCH_MS = 200;
/** How long the kernel may take to end what was killed; longer means uninterruptible sleep. */
const KILL_WAIT_MS = 2_000;

/**
 * Ends every process of a service: one SIGTERM each, the grace, SIGKILL. Works from the marks alone, in any process, any number of times; what
 * is started meanwhile is found as well. Resolves with what it asked to end; throws AppError `dirty` when something survives.
 */
export async function stopService({ run, service, graceMs, clock }: StopOptions): Promise<readonly ProcessRef[]> {
  const asked = new Map<string, ProcessInfo>();
  const startMs = clock.monotonicMs();
  const isPatient = (): boolean => clock.monotonicMs() - startMs < graceMs();
  for (;;) {
    const alive = findServiceProcesses(run, service);
    const isAsked = (process: ProcessRef): boolean => asked.has(keyOf(process));
    // Each process gets one SIGTERM: a second one means "at once" to many programs. What a service starts in order to end is left in peace,
    // until those that started it are gone.
    if (!alive.some(isAsked)) {
      for (const info of alive) {
        asked.set(keyOf(info), info);
        askToEnd(info);
      }
    }
    if (alive.length === 0 || !isPatient()) break;
    await whileAnyLives(alive, isPatient, clock);
  }
  await kill(() => findServiceProcesses(run, service), `service ${service}`, clock);
  await kill(() => findAnchors(run, service), `service ${service}`, clock);
  return [...asked.values()];
}

/** Ends what a dead run has left that is no service, at once. Harmless when there is nothing. Throws AppError `dirty` when something survives. */
export async function killStrays(run: string, clock: Clock): Promise<void> {
  await kill(() => findStrays(run), `what run ${run} has started`, clock);
}

/** What cannot be signalled now is tried again with SIGKILL, and told of if that fails too. */
function askToEnd(info: ProcessInfo): void {
  trySignal(info, 'SIGTERM');
  // A stopped process takes its SIGTERM only once it goes on.
  if (info.state === 'T') trySignal(info, 'SIGCONT');
}

async function kill(find: () => ProcessInfo[], whose: string, clock: Clock): Promise<void> {
  const deadlineMs = clock.monotonicMs() + KILL_WAIT_MS;
  const hasTime = (): boolean => clock.monotonicMs() < deadlineMs;
  for (;;) {
    const alive = find();
    if (alive.length === 0) return;
    const refused = alive.map((info) => trySignal(info, 'SIGKILL')).find((error) => error !== undefined);
    if (!hasTime()) throw survived(whose, alive, refused);
    await whileAnyLives(alive, hasTime, clock);
  }
}

function survived(whose: string, alive: readonly ProcessInfo[], refused: string | undefined): AppError {
  const names = alive.map(({ pid, name, state }) => `${pid} (${name}, state ${state})`).join(', ');
  return new AppError('dirty', `processes of ${whose} could not be ended: ${names}`, {
    hint: refused ?? 'they sleep uninterruptibly (state D) or end very slowly; `chaos rollback` tries again',
  });
}

/** Waits until all of them are gone, but no longer than until it is time to look for new ones, or `goOn` says no. */
async function whileAnyLives(processes: readonly ProcessRef[], goOn: () => boolean, clock: Clock): Promise<void> {
  const untilMs = clock.monotonicMs() + SEARCH_MS;
  while (processes.some(isAlive) && goOn() && clock.monotonicMs() < untilMs) await clock.sleep(LOOK_MS);
}

/** Why the signal could not be sent; undefined when it was, or nobody is there any more. */
function trySignal(process: ProcessRef, signal: NodeJS.Signals): string | undefined {
  try {
    signalProcess(process, signal);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

function keyOf({ pid, startTicks }: ProcessRef): string {
  return `${pid}.${startTicks}`;
}
