import { DatabaseSync } from 'node:sqlite';
import type { RunEvent } from '../events/run-events.ts';
import { exists, lookupSize, readBytes, rename } from '../runtime/files.ts';
import { applySchema } from './journal-schema.ts';
import { formatRecord, scanRecords } from './record.ts';

/**
 * A journal whose file was cut or overwritten: the pages are of no use any more, the records in them may be. Every record carries its own
 * checksum, so the intact ones are found by looking at the bytes of the file and of its write-ahead log.
 */

const HEADER_BYTES = 100;
const WAL_SUFFIXES = ['-wal', '-shm'] as const;

/**
 * What the size of the file says. `short` of what its own header says (SQLite file format, 1.3.7: page count at offset 28) is a suspicion
 * only: a crash in the middle of a checkpoint leaves the same picture, and the write-ahead log then holds the rest. Without a whole header it
 * is certainly `cut`; SQLite would take such a file for an empty one.
 */
export function sizeVerdict(file: string): 'whole' | 'short' | 'cut' {
  const size = lookupSize(file);
  if (size === undefined || size === 0) return 'whole';
  if (size < HEADER_BYTES) return 'cut';
  const header = readBytes(file, HEADER_BYTES);
  const pageField = header.readUInt16BE(16);
  const pageBytes = pageField === 1 ? 65_536 : Math.max(pageField, 1);
  return size < header.readUInt32BE(28) * pageBytes || size % pageBytes !== 0 ? 'short' : 'whole';
}

/** Sets the damaged file aside as `journal.db.damaged-N` and puts a new one in its place that holds every intact record. */
export function restoreDamaged(file: string, onRestored?: (message: string) => void): void {
  const aside = freeName(file);
  const bytes = [readBytes(file), ...(exists(`${file}-wal`) ? [readBytes(`${file}-wal`)] : [])];
  const events = intactEvents(bytes);
  const fresh = `${file}.restored-${process.pid}`;
  writeEvents(fresh, events);
  rename(file, aside);
  for (const suffix of WAL_SUFFIXES) if (exists(file + suffix)) rename(file + suffix, aside + suffix);
  rename(fresh, file);
  onRestored?.(
    `the journal ${file} was damaged; ${events.length} intact records were taken over, the damaged file is kept as ${aside}`,
  );
}

function intactEvents(files: readonly Buffer[]): RunEvent[] {
  const events = new Map<string, RunEvent>();
  for (const value of files.flatMap(scanRecords)) {
    if (isRunEvent(value)) events.set(`${value.run} ${value.seq}`, value);
  }
  return [...events.values()].sort((a, b) => a.unixMs - b.unixMs || a.seq - b.seq);
}

function isRunEvent(value: unknown): value is RunEvent {
  return typeof value === 'object' && value !== null && 'run' in value && 'seq' in value && 'type' in value;
}

/** Runs are listed from their first event; a run whose first event is lost is listed from what is left of it. */
function writeEvents(file: string, events: readonly RunEvent[]): void {
  const db = new DatabaseSync(file);
  db.exec('PRAGMA synchronous = FULL');
  applySchema(db);
  db.exec('BEGIN');
  const insertEvent = db.prepare(
    'INSERT OR REPLACE INTO events (run, seq, unix_ms, type, record) VALUES (?, ?, ?, ?, ?)',
  );
  const insertRun = db.prepare(
    'INSERT OR REPLACE INTO runs (id, name, file, seed, started_unix_ms, pid, start_ticks, boot_id, ended_unix_ms, verdict, exit_code) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
  );
  for (const [run, ofRun] of Map.groupBy(events, (event) => event.run)) {
    const start = ofRun.find((event) => event.type === 'run.started');
    const end = ofRun.find((event) => event.type === 'run.ended');
    const first = ofRun[0];
    if (!first) continue;
    insertRun.run(
      run,
      start?.name ?? '(lost)',
      start?.file ?? '(lost)',
      start?.seed ?? 0,
      start?.unixMs ?? first.unixMs,
      start?.pid ?? 0,
      start?.startTicks ?? 0,
      start?.bootId ?? '',
      end?.unixMs ?? null,
      end?.verdict ?? null,
      end?.exitCode ?? null,
    );
    for (const event of ofRun) insertEvent.run(run, event.seq, event.unixMs, event.type, formatRecord(event));
  }
  db.exec('COMMIT');
  db.close();
}

function freeName(file: string): string {
  let number = 1;
  while (exists(`${file}.damaged-${number}`)) number++;
  return `${file}.damaged-${number}`;
}
