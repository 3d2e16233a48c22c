import { AppError } from '../errors/app-error.ts';
import type { Clock } from './clock.ts';
import { isAlive, signalProcess, type ProcessInfo, type ProcessRef } from './processes.ts';

export interface EndOptions<Process extends ProcessRef> {
  /** What is to end, as it is at this moment: asked again until there is nothing left. */
  readonly find: () => readonly Process[];
  readonly signal: NodeJS.Signals;
  readonly clock: Clock;
  /** Calls the wait off; what was sent stays sent. */
  readonly abort: AbortSignal;
}

/** How often a wait looks whether the processes that it knows are gone. */
const LOOK_MS = 5;
/** How often it looks for new ones, which takes some milliseconds of reading /proc. */
const SEARCH_MS = 200;
/**
 * How long what was signalled may take to end: a graceful one writes its state down first. Less than an injection may take by default, so that it
 * is told what goes on, and not merely that time was up.
 */
const END_WITHIN_MS = 8_000;

/**
 * Sends each process one signal and resolves, with those that were sent it, when all are gone. What they start in order to end is left in peace
 * until they are gone, then it is sent the signal as well. Throws AppError `invalid` when some go on for eight seconds.
 */
export async function endProcesses<Process extends ProcessRef & Pick<ProcessInfo, 'name'>>(
  options: EndOptions<Process>,
): Promise<readonly Process[]> {
  const { find, signal, clock, abort } = options;
  const sent: Process[] = [];
  const deadlineMs = clock.monotonicMs() + END_WITHIN_MS;
  for (;;) {
    abort.throwIfAborted();
    const alive = find().filter(isAlive);
    if (alive.length === 0) return sent;
    const isSent = (process: ProcessRef): boolean => sent.some((known) => isSame(known, process));
    if (!alive.some(isSent)) sent.push(...alive.filter((process) => signalProcess(process, signal)));
    if (clock.monotonicMs() >= deadlineMs) throw goesOn(alive, signal);
    await whileAnyLives(alive, clock, abort);
  }
}

/** Waits until all of them are gone, but no longer than until it is time to look for new ones. */
async function whileAnyLives(processes: readonly ProcessRef[], clock: Clock, abort: AbortSignal): Promise<void> {
  const untilMs = clock.monotonicMs() + SEARCH_MS;
  while (processes.some(isAlive) && clock.monotonicMs() < untilMs) await clock.sleep(LOOK_MS, abort);
}

function goesOn(alive: readonly (ProcessRef & { readonly name: string })[], signal: string): AppError {
  const names = alive.map(({ pid, name }) => `pid ${pid} (${name})`).join(', ');
  return new AppError('invalid', `${names}: still there ${END_WITHIN_MS / 1000} s after ${signal}`, {
    hint: 'a program can ignore any signal but SIGKILL',
  });
}

function isSame(one: ProcessRef, other: ProcessRef): boolean {
  return one.pid === other.pid && one.startTicks === other.startTicks;
}
