import type { JsonObject } from '../events/json.ts';
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
  let failure: Error | undefined;
  let tail: Promise<void> = Promise.resolve();

  const write = (body: RunEventBody, durable: boolean): Promise<void> => {
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

/** An undo is left as it is: it must work word for word, and holds nothing but process ids, paths and numbers. */
function masked(body: RunEventBody, redact: (body: JsonObject) => JsonObject): RunEventBody {
  const plain = JSON.parse(JSON.stringify(body)) as JsonObject;
  const clean = redact(plain);
  return ('undo' in body ? { ...clean, undo: body.undo } : clean) as RunEventBody;
}
