import { messageOf } from '../errors/app-error.ts';
import { EXIT_CODES } from '../errors/exit-codes.ts';
import type { Json } from '../events/json.ts';
import type { Actor, RunEvent, RunEventBody } from '../events/run-events.ts';
import type { Clock } from '../runtime/clock.ts';
import { bootId, isAlive, selfRef } from '../runtime/processes.ts';
import { killStrays } from '../services/stop-service.ts';
import type { JournalDatabase, RunRow } from '../store/journal-database.ts';
import { outstandingUndos, type Outstanding } from './outstanding.ts';
import { backoffMs, isFinal, PATIENT } from './retry.ts';

/** Takes back one thing from its undo alone. Idempotent. */
export type Reverter = (outstanding: {
  readonly subject: 'fault' | 'service';
  readonly kind: string;
  readonly undo: Json;
}) => Promise<void>;

export interface RecoveryReport {
  readonly run: string;
  /** `held`: another live process is at it; `live`: the run's own process still runs. */
  readonly outcome: 'reverted' | 'dirty' | 'nothing' | 'held' | 'live';
  readonly reverted: readonly string[];
  readonly stuck: readonly { readonly step: string; readonly error: string }[];
  /** Why this could not be written down; what was reverted is reverted all the same. */
  readonly unwritten?: string | undefined;
}

export interface RecoveryContext {
  readonly database: JournalDatabase;
  readonly revert: Reverter;
  readonly clock: Clock;
  readonly by: Exclude<Actor, 'runner'>;
  readonly onEvent?: (event: RunEvent) => void;
}

/**
 * Finishes a run whose process is gone: takes back what its journal says is in force, writes down each undo, and ends it. Safe to call
 * from several processes at once: one of them gets the right, and even two would only do the same harmless thing twice.
 * What cannot be taken back stays in the journal, so that the next call tries it again.
 */
export async function recoverRun(run: RunRow, context: RecoveryContext): Promise<RecoveryReport> {
  const { database } = context;
  const nothing = { run: run.id, reverted: [], stuck: [] };
  if (context.by === 'rollback' && run.endedUnixMs === null && isRunning(run)) return { ...nothing, outcome: 'live' };
  if (!mayRecover(run, context)) return { ...nothing, outcome: 'held' };
  try {
    const { events, damaged } = database.readIntactEvents(run.id);
    const outstanding = outstandingUndos(events);
    const ended = events.some((event) => event.type === 'run.ended' && event.verdict !== 'dirty');
    if (ended && outstanding.length === 0) return { ...nothing, outcome: 'nothing' };
    const scribe = createScribe(run, context, events);
    const faults = outstanding.filter(({ subject }) => subject === 'fault');
    const services = outstanding.filter(({ subject }) => subject === 'service');
    const results = [];
    for (const fault of faults) results.push(await undo(fault, context, scribe));
    results.push(...(await Promise.all(services.map((service) => undo(service, context, scribe)))));
    const strays = await endStrays(run, context);
    if (damaged > 0)
      scribe.say({
        type: 'note',
        level: 'warning',
        text: `${damaged} records of this run are damaged: look with \`faultline doctor --residue\``,
      });
    return conclude(run, results, strays, context, scribe);
  } finally {
    release(run, context);
  }
}

/** Whether the run's own process is still there, in this very boot. */
export function isRunning(run: RunRow): boolean {
  return run.bootId === bootId() && isAlive(run.owner);
}

/** Whether the right to finish the run is ours. A right that cannot be written down (a full disk) is taken: two who revert do no harm, none does. */
function mayRecover(run: RunRow, { database }: RecoveryContext): boolean {
  try {
    return database.claimRecovery(run.id, selfRef(), isAlive);
  } catch {
    return true;
  }
}

/** A right that cannot be given back passes on by itself when this process is gone. */
function release(run: RunRow, { database }: RecoveryContext): void {
  try {
    database.releaseRecovery(run.id);
  } catch {
    // As above.
  }
}

/** What the run has started beside its services: a command probe that hung when the run died. */
async function endStrays({ id }: RunRow, { clock }: RecoveryContext): Promise<{ step: string; error: string }[]> {
  try {
    await killStrays(id, clock);
    return [];
  } catch (error) {
    return [{ step: 'probes', error: messageOf(error) }];
  }
}

interface UndoResult {
  readonly outstanding: Outstanding;
  readonly error: string | undefined;
}

/** Writes an event down; `unwritten` is why that has failed, if it has. */
interface Scribe {
  say(body: RunEventBody): void;
  readonly unwritten: string | undefined;
}

function createScribe(run: RunRow, { database, clock, onEvent }: RecoveryContext, events: readonly RunEvent[]): Scribe {
  const startUnixMs = events[0]?.unixMs ?? run.startedUnixMs;
  let unwritten: string | undefined;
  return {
    get unwritten() {
      return unwritten;
    },
    say(body) {
      const unixMs = clock.unixMs();
      const sinceStartMs = Math.max(0, unixMs - startUnixMs);
      try {
        const event = database.appendNumbered({ run: run.id, unixMs, sinceStartMs, ...body });
        onEvent?.(event);
      } catch (error) {
        // A full disk: the undo matters more than its record, and is tried again next time.
        unwritten ??= messageOf(error);
      }
    },
  };
}

async function undo(
  outstanding: Outstanding,
  { revert, clock, by }: RecoveryContext,
  scribe: Scribe,
): Promise<UndoResult> {
  const { step, subject } = outstanding;
  const startMs = clock.monotonicMs();
  for (let attempts = 1; ; attempts++) {
    try {
      await revert(outstanding);
      scribe.say({ type: 'undo.done', step, subject, by, attempts, tookMs: clock.monotonicMs() - startMs });
      return { outstanding, error: undefined };
    } catch (error) {
      const final = isFinal(PATIENT, attempts, clock.monotonicMs() - startMs);
      scribe.say({ type: 'undo.failed', step, subject, by, attempts, error: messageOf(error), final });
      if (final) return { outstanding, error: messageOf(error) };
      await clock.sleep(backoffMs(PATIENT, attempts));
    }
  }
}

function conclude(
  run: RunRow,
  results: readonly UndoResult[],
  strays: readonly { readonly step: string; readonly error: string }[],
  { by }: RecoveryContext,
  scribe: Scribe,
): RecoveryReport {
  const reverted = results.filter(({ error }) => error === undefined).map(({ outstanding }) => outstanding.step);
  const stuck = [
    ...results.flatMap(({ outstanding, error }) => (error === undefined ? [] : [{ step: outstanding.step, error }])),
    ...strays,
  ];
  if (stuck.length > 0) {
    const reasons = stuck.map(({ step, error }) => `${step} could not be reverted: ${error}`);
    scribe.say({ type: 'run.ended', verdict: 'dirty', exitCode: EXIT_CODES.dirty, reasons, by });
    return { run: run.id, outcome: 'dirty', reverted, stuck, unwritten: scribe.unwritten };
  }
  const who = by === 'guardian' ? 'its guardian' : '`chaos rollback`';
  const reasons =
    run.endedUnixMs === null
      ? [`the run's process died; ${who} reverted what it left in force: ${reverted.join(', ') || 'nothing'}`]
      : [`what the run could not revert itself was reverted by ${who}: ${reverted.join(', ')}`];
  scribe.say({ type: 'run.ended', verdict: 'aborted', exitCode: null, reasons, by });
  return {
    run: run.id,
    outcome: reverted.length > 0 ? 'reverted' : 'nothing',
    reverted,
    stuck,
    unwritten: scribe.unwritten,
  };
}
