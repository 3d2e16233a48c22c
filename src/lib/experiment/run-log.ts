import type { Json, JsonObject } from '../events/json.ts';
import type { EventBus } from '../events/bus.ts';
import type { RunEvent, RunEventBody } from '../events/run-events.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Journal } from '../store/journal.ts';

/** Where everything that happens in a run is said: stamped, secrets masked, published and written. */
export interface RunLog {
  readonly run: string;
  /** Monotonic milliseconds since the run's start. */
  sinceStartMs(): number;
  record(body: RunEventBody): void;
  /** Resolves when the event is on disk; rejects when it cannot be. */
  recordDurably(body: RunEventBody): Promise<void>;
  /** Why the journal cannot be written any more; undefined while it can. */
  readonly failure: Error | undefined;
  /** Resolves when everything recorded so far is on disk or has failed. */
  flush(): Promise<void>;
}

export interface RunLogOptions {
  readonly run: string;
  readonly clock: Clock;
  readonly journal: Pick<Journal, 'append'>;
  readonly bus: EventBus<RunEvent>;
  /** Masks secrets in anything that is about to be said. */
  readonly redact: (body: JsonObject) => JsonObject;
  /** Called once, at the first event that could not be written. */
  readonly onJournalFailure: (error: Error) => void;
}

export function createRunLog({ run, clock, journal, bus, redact, onJournalFailure }: RunLogOptions): RunLog {
  const startMs = clock.monotonicMs();
  let seq = 0;
  let hasEnded = false;
  let failure: Error | undefined;
  let tail: Promise<void> = Promise.resolve();

  const write = (body: RunEventBody, durable: boolean): Promise<void> => {
    // Nothing comes after the end: what is heard of later (that a stopped service has exited) is no part of the run any more.
    if (hasEnded) return Promise.resolve();
    hasEnded = body.type === 'run.ended';
    const event: RunEvent = {
      run,
      seq: ++seq,
      unixMs: clock.unixMs(),
      sinceStartMs: Math.round((clock.monotonicMs() - startMs) * 1000) / 1000,
      ...masked(body, redact),
    };
    const written = journal.append(event, { durable });
    tail = written.catch((error: unknown) => {
      if (failure) return;
      failure = error instanceof Error ? error : new Error(String(error));
      onJournalFailure(failure);
    });
    bus.publish(event);
    return written;
  };

  return {
    run,
    sinceStartMs: () => clock.monotonicMs() - startMs,
    record: (body) => void write(body, false).catch(() => undefined),
    recordDurably: (body) => write(body, true),
    get failure() {
      return failure;
    },
    flush: () => tail,
  };
}

/**
 * What the rest of the code reads and no person: a secret that happens to be the word `fault` or the number of a pid must not hide it. Names of
 * steps, services and probes are keys of the scenario, which no variable reaches; an undo must work word for word.
 */
const STRUCTURE: readonly string[] = [
  'type',
  'subject',
  'step',
  'kind',
  'fault',
  'probe',
  'service',
  'phase',
  'undo',
  'by',
  'verdict',
  'exitCode',
  'pid',
  'startTicks',
  'bootId',
];

/** The event with secrets masked in every text of it; numbers only in the plan, whose parameters a user has written. */
function masked(body: RunEventBody, redact: (body: JsonObject) => JsonObject): RunEventBody {
  const plain = JSON.parse(JSON.stringify(body)) as JsonObject;
  const clean = Object.entries(plain).map(([name, value]): [string, Json] => {
    if (STRUCTURE.includes(name)) return [name, value];
    return [name, name === 'plan' ? (redact({ value }).value ?? null) : maskTexts(value, redact)];
  });
  return Object.fromEntries(clean) as RunEventBody;
}

function maskTexts(value: Json, redact: (body: JsonObject) => JsonObject): Json {
  if (typeof value === 'string') return redact({ value }).value ?? '';
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => maskTexts(item, redact));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value as JsonObject).map(([name, item]) => [name, maskTexts(item, redact)]));
}
