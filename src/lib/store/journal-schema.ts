import type { DatabaseSync } from 'node:sqlite';
import { AppError } from '../errors/app-error.ts';

export const JOURNAL_FILE = 'journal.db';

/** Every step that ever changed the tables, in order; `user_version` says how many a file has seen. Never edit one that was released. */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    file TEXT NOT NULL,
    seed INTEGER NOT NULL,
    started_unix_ms REAL NOT NULL,
    pid INTEGER NOT NULL,
    start_ticks INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    ended_unix_ms REAL,
    verdict TEXT,
    exit_code INTEGER
  );
  CREATE TABLE events (
    run TEXT NOT NULL,
    seq INTEGER NOT NULL,
    unix_ms REAL NOT NULL,
    type TEXT NOT NULL,
    record TEXT NOT NULL
  );
  CREATE UNIQUE INDEX events_of_run ON events (run, seq);
  CREATE TABLE recoveries (run TEXT PRIMARY KEY, pid INTEGER NOT NULL, start_ticks INTEGER NOT NULL);
  `,
];

/** Brings the tables to this version. Throws AppError `usage` for a journal of a newer faultline. */
export function applySchema(db: DatabaseSync): void {
  if (versionOf(db) === MIGRATIONS.length) return;
  db.exec('BEGIN IMMEDIATE');
  try {
    const version = versionOf(db);
    if (version > MIGRATIONS.length) {
      throw new AppError(
        'usage',
        `this journal was written by a newer faultline (journal version ${version}, this one knows ${MIGRATIONS.length})`,
        {
          hint: 'use that version, or name another place with --state DIR',
        },
      );
    }
    for (const migration of MIGRATIONS.slice(version)) db.exec(migration);
    db.exec(`PRAGMA user_version = ${MIGRATIONS.length}`);
    db.exec('COMMIT');
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

/** Whether the tables are there. */
export function hasSchema(db: DatabaseSync): boolean {
  return versionOf(db) > 0;
}

function versionOf(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.user_version);
}
