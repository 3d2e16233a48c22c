import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { AppError, messageOf } from '../errors/app-error.ts';
import type { RunEvent, RunEventBody, Verdict } from '../events/run-events.ts';
import { exists, makeDirectory } from '../runtime/files.ts';
import type { ProcessRef } from '../runtime/processes.ts';
import { sizeVerdict, restoreDamaged } from './damaged.ts';
import { withLock } from './file-lock.ts';
import { formatRecord, parseRecord } from './record.ts';
import { applySchema, hasSchema, JOURNAL_FILE } from './journal-schema.ts';

/** One row of `chaos list`: what is known of a run without reading its events. */
export interface RunRow {
  readonly id: string;
  readonly name: string;
  readonly file: string;
  readonly seed: number;
  readonly startedUnixMs: number;
  readonly owner: ProcessRef;
  readonly bootId: string;
  /** Null while the run goes on, or when its process died and nobody has finished it yet. */
  readonly endedUnixMs: number | null;
  readonly verdict: Verdict | null;
  readonly exitCode: number | null;
}

/** What a write needs to know; a stamp without `seq` takes the next number of its run. */
export type UnnumberedEvent = RunEventBody & {
  readonly run: string;
  readonly unixMs: number;
  readonly sinceStartMs: number;
};

/** Ended runs that are kept; older ones are forgotten when a new run starts. */
const KEPT_RUNS = 1_000;
/** How long a write waits for another process's write (each is a few ms). */
const BUSY_TIMEOUT_MS = 5_000;
/** Result codes of sqlite.org/rescode.html. */
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_NOTADB = 26;

/**
 * The journal of all runs: `journal.db` in the state directory, SQLite in WAL mode with `synchronous=FULL`, so that a returned write
 * is on disk. Any number of processes may read and write at once. One instance belongs to one thread.
 */
export class JournalDatabase {
  readonly #db: DatabaseSync;

  private constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /**
   * Opens the journal for writing, creating it when there is none. A damaged file is set aside and its intact records are taken over;
   * `onRestored` hears how many. Throws AppError `invalid` when the disk is full or the directory cannot be written.
   */
  static open(stateDirectory: string, onRestored?: (message: string) => void): JournalDatabase {
    const file = join(stateDirectory, JOURNAL_FILE);
    try {
      makeDirectory(stateDirectory, 0o700);
      return new JournalDatabase(openOrRestore(file, onRestored));
    } catch (error) {
      throw journalError(error, stateDirectory);
    }
  }

  /** Opens the journal to read; undefined when there is none yet. A damaged one is told of, never touched: a run may be writing it. */
  static openReadOnly(stateDirectory: string): JournalDatabase | undefined {
    const file = join(stateDirectory, JOURNAL_FILE);
    if (!exists(file)) return undefined;
    try {
      const db = new DatabaseSync(file, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
      if (sizeVerdict(file) === 'short') checkPages(db);
      // Another process is creating it at this very moment.
      if (!hasSchema(db)) {
        db.close();
        return undefined;
      }
      db.prepare('SELECT count(*) FROM runs').get();
      return new JournalDatabase(db);
    } catch (error) {
      if (!isDamage(error)) throw journalError(error, stateDirectory);
      throw new AppError('invalid', `the journal in ${stateDirectory} is damaged`, {
        hint: '`chaos rollback` takes over what is intact, and reverts what is in force',
        cause: error,
      });
    }
  }

  /** Writes all or none; durable when it returns. */
  append(events: readonly RunEvent[]): void {
    this.#transaction(() => {
      for (const event of events) this.#insert(event);
    });
  }

  /** Writes one event under the next free number of its run, for processes that finish another's run. */
  appendNumbered(event: UnnumberedEvent): RunEvent {
    return this.#transaction(() => {
      const row = this.#db.prepare('SELECT coalesce(max(seq), 0) + 1 AS seq FROM events WHERE run = ?').get(event.run);
      const numbered = { ...event, seq: Number(row?.seq) };
      this.#insert(numbered);
      return numbered;
    });
  }

  /** Newest first. */
  listRuns(limit = KEPT_RUNS): RunRow[] {
    return this.#db
      .prepare('SELECT * FROM runs ORDER BY started_unix_ms DESC, id DESC LIMIT ?')
      .all(limit)
      .map(parseRunRow);
  }

  /** Runs that are not finished: they go on, their process died, or something of them could not be reverted. */
  listOpenRuns(): RunRow[] {
    return this.#db
      .prepare("SELECT * FROM runs WHERE ended_unix_ms IS NULL OR verdict = 'dirty' ORDER BY started_unix_ms")
      .all()
      .map(parseRunRow);
  }

  /** A run by its id, the start of its id, or `last`; undefined when none or more than one fits. */
  lookupRun(idOrPrefix: string): RunRow | undefined {
    if (idOrPrefix === 'last') return this.listRuns(1)[0];
    const rows = this.#db
      .prepare('SELECT * FROM runs WHERE substr(id, 1, length(?)) = ? LIMIT 2')
      .all(idOrPrefix, idOrPrefix)
      .map(parseRunRow);
    return rows.find((row) => row.id === idOrPrefix) ?? (rows.length === 1 ? rows[0] : undefined);
  }

  /** The events of a run that can still be read, in order, and how many cannot: for taking back whatever is known. */
  readIntactEvents(run: string): { readonly events: RunEvent[]; readonly damaged: number } {
    const rows = this.#db.prepare('SELECT record FROM events WHERE run = ? ORDER BY seq').all(run);
    const events = rows
      .map((row) => parseRecord(String(row.record)) as RunEvent | undefined)
      .filter((event) => event !== undefined);
    return { events, damaged: rows.length - events.length };
  }

  /** The events of a run in order, from after `afterSeq`. Throws AppError `invalid` when one is damaged. */
  readEvents(run: string, afterSeq = 0): RunEvent[] {
    const rows = this.#db
      .prepare('SELECT record FROM events WHERE run = ? AND seq > ? ORDER BY seq')
      .all(run, afterSeq);
    return rows.map((row) => {
      const event = parseRecord(String(row.record)) as RunEvent | undefined;
      if (event) return event;
      throw new AppError('invalid', `the journal holds a damaged record of run ${run}`, {
        hint: 'what it left in force is listed by `faultline doctor --residue`',
      });
    });
  }

  /**
   * Takes the right to finish a run that its own process cannot finish any more. False when another live process has it.
   * The right of a dead process passes on.
   */
  claimRecovery(run: string, claimant: ProcessRef, isAlive: (ref: ProcessRef) => boolean): boolean {
    return this.#transaction(() => {
      const row = this.#db.prepare('SELECT pid, start_ticks FROM recoveries WHERE run = ?').get(run);
      const holder = row && { pid: Number(row.pid), startTicks: Number(row.start_ticks) };
      const mine = holder?.pid === claimant.pid && holder.startTicks === claimant.startTicks;
      if (holder && !mine && isAlive(holder)) return false;
      this.#db
        .prepare('INSERT OR REPLACE INTO recoveries (run, pid, start_ticks) VALUES (?, ?, ?)')
        .run(run, claimant.pid, claimant.startTicks);
      return true;
    });
  }

  releaseRecovery(run: string): void {
    this.#db.prepare('DELETE FROM recoveries WHERE run = ?').run(run);
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close();
  }

  #insert(event: RunEvent): void {
    if (event.type === 'run.started') this.#insertRun(event);
    this.#db
      .prepare('INSERT INTO events (run, seq, unix_ms, type, record) VALUES (?, ?, ?, ?, ?)')
      .run(event.run, event.seq, event.unixMs, event.type, formatRecord(event));
    if (event.type === 'run.ended') {
      this.#db
        .prepare('UPDATE runs SET ended_unix_ms = ?, verdict = ?, exit_code = ? WHERE id = ?')
        .run(event.unixMs, event.verdict, event.exitCode, event.run);
    }
  }

  #insertRun(event: Extract<RunEvent, { type: 'run.started' }>): void {
    this.#forgetOldRuns();
    this.#db
      .prepare(
        'INSERT OR REPLACE INTO runs (id, name, file, seed, started_unix_ms, pid, start_ticks, boot_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      )
      .run(event.run, event.name, event.file, event.seed, event.unixMs, event.pid, event.startTicks, event.bootId);
  }

  #forgetOldRuns(): void {
    const old = '(SELECT id FROM runs WHERE ended_unix_ms IS NOT NULL ORDER BY started_unix_ms DESC LIMIT -1 OFFSET ?)';
    this.#db.prepare(`DELETE FROM events WHERE run IN ${old}`).run(KEPT_RUNS);
    this.#db.prepare(`DELETE FROM runs WHERE id IN ${old}`).run(KEPT_RUNS);
  }

  #transaction<Result>(work: () => Result): Result {
    try {
      this.#db.exec('BEGIN IMMEDIATE');
      try {
        const result = work();
        this.#db.exec('COMMIT');
        return result;
      } catch (error) {
        // After some errors (a full disk among them) SQLite has rolled back by itself.
        if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
        throw error;
      }
    } catch (error) {
      throw journalError(error);
    }
  }
}

function openFile(file: string): DatabaseSync {
  const size = sizeVerdict(file);
  if (size === 'cut') throw damage('shorter than its header');
  const db = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
  try {
    if (size === 'short') checkPages(db);
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    applySchema(db);
    db.prepare('SELECT count(*) FROM runs').get();
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** One process at a time restores: whoever comes second finds the file whole. */
function openOrRestore(file: string, onRestored?: (message: string) => void): DatabaseSync {
  try {
    return openFile(file);
  } catch (error) {
    if (!isDamage(error)) throw error;
  }
  return withLock(`${file}.restoring`, () => {
    try {
      return openFile(file);
    } catch (error) {
      if (!isDamage(error)) throw error;
      restoreDamaged(file, onRestored);
      return openFile(file);
    }
  });
}

function checkPages(db: DatabaseSync): void {
  const result = db.prepare('PRAGMA quick_check(1)').get()?.quick_check;
  if (result !== 'ok') throw damage(String(result));
}

function damage(message: string): Error {
  return Object.assign(new Error(message), { errcode: SQLITE_CORRUPT });
}

function parseRunRow(row: Record<string, unknown>): RunRow {
  const numberOrNull = (value: unknown): number | null => (value === null ? null : Number(value));
  return {
    id: String(row.id),
    name: String(row.name),
    file: String(row.file),
    seed: Number(row.seed),
    startedUnixMs: Number(row.started_unix_ms),
    owner: { pid: Number(row.pid), startTicks: Number(row.start_ticks) },
    bootId: String(row.boot_id),
    endedUnixMs: numberOrNull(row.ended_unix_ms),
    verdict: row.verdict as Verdict | null,
    exitCode: numberOrNull(row.exit_code),
  };
}

function isDamage(error: unknown): boolean {
  const code = sqliteCode(error);
  return code === SQLITE_CORRUPT || code === SQLITE_NOTADB;
}

/** The primary result code; extended codes hold it in their low byte. */
function sqliteCode(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown } | undefined)?.errcode;
  return typeof code === 'number' ? code & 0xff : undefined;
}

function journalError(error: unknown, stateDirectory?: string): AppError {
  if (error instanceof AppError) return error;
  const place = stateDirectory === undefined ? '' : ` in ${stateDirectory}`;
  const full = sqliteCode(error) === SQLITE_FULL || /no space/i.test(messageOf(error));
  return new AppError(
    'invalid',
    full
      ? `the disk is full: the journal${place} cannot be written`
      : `the journal${place} cannot be used: ${messageOf(error)}`,
    {
      hint: full
        ? 'free some space there, or name another place with --state DIR; without a journal nothing is injected'
        : 'name a directory that can be written with --state DIR; without a journal nothing is injected',
      cause: error,
    },
  );
}
