import { copyFileSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/lib/errors/app-error.ts';
import { outstandingUndos } from '../../../src/lib/experiment/outstanding.ts';
import { JournalDatabase } from '../../../src/lib/store/journal-database.ts';
import { runStarted, stamped } from '../../support/run-events.ts';
import { temporaryDirectory } from '../../support/temp.ts';

const EVENTS = stamped([
  runStarted(),
  { type: 'step.planned', step: 'a', subject: 'fault', kind: 'cpu', target: 'host', undo: { pid: 1 } },
  { type: 'step.done', step: 'a', subject: 'fault', tookMs: 1 },
  { type: 'step.planned', step: 'b', subject: 'fault', kind: 'cpu', target: 'host', undo: { pid: 2 } },
  { type: 'undo.done', step: 'a', subject: 'fault', by: 'runner', attempts: 1, tookMs: 1 },
]);

describe('journal database', () => {
  it('gives back what was written, to a second reader while it is being written', () => {
    const directory = temporaryDirectory();
    const writer = JournalDatabase.open(directory);
    for (const event of EVENTS) {
      writer.append([event]);
      const reader = JournalDatabase.openReadOnly(directory);
      expect(reader?.readEvents('r1').at(-1)).toEqual(event);
      reader?.close();
    }
    expect(writer.listRuns()).toMatchObject([{ id: 'r1', name: 'demo', verdict: null, endedUnixMs: null }]);
    writer.close();
  });

  it('writes a batch whole or not at all', () => {
    const database = JournalDatabase.open(temporaryDirectory());
    const [first] = EVENTS;
    expect(() => database.append([first!, first!])).toThrow(AppError);
    expect(database.readEvents('r1')).toEqual([]);
    database.close();
  });

  it('numbers the events of a second process after those of the first', () => {
    const directory = temporaryDirectory();
    const runner = JournalDatabase.open(directory);
    runner.append(EVENTS);
    const guardian = JournalDatabase.open(directory);
    const event = guardian.appendNumbered({
      run: 'r1',
      unixMs: 1,
      sinceStartMs: 1,
      type: 'undo.done',
      step: 'b',
      subject: 'fault',
      by: 'guardian',
      attempts: 1,
      tookMs: 1,
    });
    expect(event.seq).toBe(EVENTS.length + 1);
    expect(runner.readEvents('r1')).toHaveLength(EVENTS.length + 1);
    runner.close();
    guardian.close();
  });

  it('lets one recoverer at a time finish a run, and passes the right on when that one is dead', () => {
    const database = JournalDatabase.open(temporaryDirectory());
    const first = { pid: 10, startTicks: 1 };
    const second = { pid: 11, startTicks: 1 };
    expect(database.claimRecovery('r1', first, () => true)).toBe(true);
    expect(database.claimRecovery('r1', first, () => true)).toBe(true);
    expect(database.claimRecovery('r1', second, () => true)).toBe(false);
    expect(database.claimRecovery('r1', second, () => false)).toBe(true);
    database.releaseRecovery('r1');
    expect(database.claimRecovery('r1', first, () => true)).toBe(true);
    database.close();
  });

  it('finds runs by the start of their id, by `last`, and not when two fit', () => {
    const database = JournalDatabase.open(temporaryDirectory());
    for (const run of ['ab1', 'ab2', 'cd']) database.append(stamped([runStarted()], run));
    expect(database.lookupRun('c')?.id).toBe('cd');
    expect(database.lookupRun('ab1')?.id).toBe('ab1');
    expect(database.lookupRun('ab')).toBeUndefined();
    expect(database.lookupRun('last')?.id).toBe('cd');
    expect(database.lookupRun('%')).toBeUndefined();
    database.close();
  });

  it('says what to do when the directory cannot be written', () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'file'), '');
    expect(() => JournalDatabase.open(join(directory, 'file', 'state'))).toThrow(/journal in .* cannot be used/);
  });
});

/** A journal as a crash leaves it: database, write-ahead log, no clean close. */
function crashedJournal(checkpointed: boolean): { files: Map<string, Buffer> } {
  const directory = temporaryDirectory();
  const writer = JournalDatabase.open(directory);
  for (const event of EVENTS) writer.append([event]);
  if (checkpointed) writer.close();
  const files = new Map(
    readdirSync(directory)
      .filter((name) => !name.endsWith('-shm'))
      .map((name) => [name, readFileSync(join(directory, name))]),
  );
  writer.close();
  return { files };
}

/** All states that the journal can be in after 0, 1, 2 … of its events. */
const PREFIXES = EVENTS.map((_, count) => EVENTS.slice(0, count + 1)).concat([[]]);
const isPrefix = (events: readonly unknown[]): boolean =>
  PREFIXES.some((prefix) => JSON.stringify(prefix) === JSON.stringify(events));
/** Cutting at every byte takes minutes; in CI every 97th byte and all near the ends (a prime, so that no field is missed for ever). */
const STRIDE = process.env.FAULTLINE_SOAK ? 1 : 97;
/** At every byte: about 100,000 journals to open. */
const LONG_MS = process.env.FAULTLINE_SOAK ? 3_600_000 : 120_000;
const cutsOf = (length: number): number[] =>
  Array.from({ length: length + 1 }, (_, at) => at).filter((at) => at % STRIDE === 0 || at < 120 || length - at < 120);

describe('a journal that was cut', () => {
  it(
    'in the write-ahead log, at any byte: holds a prefix of what was written',
    () => {
      const { files } = crashedJournal(false);
      const wal = files.get('journal.db-wal');
      expect(wal?.length).toBeGreaterThan(1000);
      for (const cut of cutsOf(wal!.length)) {
        const directory = temporaryDirectory();
        for (const [name, bytes] of files) writeFileSync(join(directory, name), bytes);
        truncateSync(join(directory, 'journal.db-wal'), cut);
        const database = JournalDatabase.open(directory);
        const events = database.readEvents('r1');
        expect(isPrefix(events), `cut at ${cut}: ${JSON.stringify(events)}`).toBe(true);
        if (cut === wal!.length) expect(events).toEqual(EVENTS);
        database.close();
      }
    },
    LONG_MS,
  );

  it(
    'in the database itself, at any byte: keeps every record that lies before the cut, and sets the damaged file aside',
    () => {
      const { files } = crashedJournal(true);
      const bytes = files.get('journal.db')!;
      const lastRecordEnd = Math.max(...EVENTS.map((event) => endOf(bytes, JSON.stringify(event))));
      for (const cut of cutsOf(bytes.length)) {
        const directory = temporaryDirectory();
        writeFileSync(join(directory, 'journal.db'), bytes.subarray(0, cut));
        let told = '';
        const database = JournalDatabase.open(directory, (message) => (told = message));
        const events = database.readEvents('r1');
        const intact = EVENTS.filter((event) => endOf(bytes, JSON.stringify(event)) <= cut);
        expect(events, `cut at ${cut}`).toEqual(intact);
        // A cut through the last, empty page loses nothing, and SQLite then finds nothing wrong.
        const lost = cut > 0 && intact.length < EVENTS.length;
        if (lost) expect(told).toContain(`${intact.length} intact records`);
        if (cut >= lastRecordEnd) expect(outstandingUndos(events).map(({ step }) => step)).toEqual(['b']);
        if (lost) expect(readFileSync(join(directory, 'journal.db.damaged-1'))).toEqual(bytes.subarray(0, cut));
        database.close();
      }
    },
    LONG_MS,
  );

  it('overwritten with noise: starts anew, keeps the noise aside', () => {
    const directory = temporaryDirectory();
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'journal.db'), 'this is not a database, '.repeat(1000));
    copyFileSync(join(directory, 'journal.db'), join(directory, 'copy'));
    const database = JournalDatabase.open(directory);
    expect(database.listRuns()).toEqual([]);
    database.close();
    expect(readFileSync(join(directory, 'journal.db.damaged-1'))).toEqual(readFileSync(join(directory, 'copy')));
  });
});

function endOf(bytes: Buffer, json: string): number {
  const at = bytes.indexOf(json);
  expect(at).toBeGreaterThan(0);
  return at + Buffer.byteLength(json);
}
