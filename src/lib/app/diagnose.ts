import { arch, platform, release } from 'node:os';
import { messageOf } from '../errors/app-error.ts';
import { outstandingUndos } from '../experiment/outstanding.ts';
import { isRunning } from '../experiment/recover.ts';
import { describeAvailability, lookupFaultKind } from '../faults/registry.ts';
import { findResidue } from '../faults/residue.ts';
import { createPaint, type Paint } from '../report/paint.ts';
import { formatTable } from '../report/table.ts';
import { entryFile } from '../runtime/entry.ts';
import { isWritableDirectory } from '../runtime/files.ts';
import { argumentsOf, listProcesses } from '../runtime/processes.ts';
import { JournalDatabase } from '../store/journal-database.ts';
import { allFaultKinds, createFaultHost } from './kinds.ts';

/** What `faultline doctor` found. */
export interface Diagnosis {
  readonly machine: readonly { readonly name: string; readonly value: string; readonly ok: boolean }[];
  readonly faults: readonly {
    readonly kind: string;
    readonly mode: string;
    readonly summary: string;
    readonly ok: boolean;
    readonly why: string | null;
    readonly remedy: string | null;
  }[];
  /** Null when it was not asked for. */
  readonly residue: readonly ResidueRow[] | null;
}

export interface ResidueRow {
  readonly what: string;
  readonly detail: string;
  readonly run: string | null;
  /** Of a run that is going on: in force on purpose. */
  readonly live: boolean;
}

/** Looks at this machine; changes nothing. */
export async function diagnose(stateDirectory: string, options: { readonly residue: boolean }): Promise<Diagnosis> {
  const host = createFaultHost();
  const faults = describeAvailability(allFaultKinds(), host).map(({ kind, mode, summary, check }) => ({
    kind,
    mode,
    summary,
    ok: check.ok,
    why: check.ok ? null : check.why,
    remedy: check.ok ? null : check.remedy,
  }));
  return {
    machine: describeMachine(stateDirectory),
    faults,
    residue: options.residue ? await listResidue(stateDirectory) : null,
  };
}

export function formatDiagnosis({ machine, faults, residue }: Diagnosis, color: boolean): string {
  const paint = createPaint(color);
  const mark = (ok: boolean): string => (ok ? paint.good('✓') : paint.bad('✗'));
  const lines = formatTable(
    machine.map(({ name, value }) => [name, value]),
    'll',
  ).map((line, index) => `${mark(machine[index]?.ok ?? false)} ${line}`);
  const table = formatTable(
    faults.map(({ kind, mode, ok, summary, why, remedy }) => [
      kind,
      mode,
      ok ? summary : `${why ?? ''}; ${remedy ?? ''}`,
    ]),
    'lll',
  );
  return [
    ...lines,
    '',
    'FAULTS',
    ...table.map((line, index) => `${mark(faults[index]?.ok ?? false)} ${line}`),
    ...residueLines(residue, paint),
  ].join('\n');
}

function residueLines(residue: Diagnosis['residue'], paint: Paint): string[] {
  if (!residue) return [];
  if (residue.length === 0) return ['', 'RESIDUE', `${paint.good('✓')} nothing of ours is in force`];
  const rows = formatTable(
    residue.map(({ what, detail, run, live }) => [what, run ?? '', live ? 'of a running run' : 'LEFT BEHIND', detail]),
    'llll',
  );
  const hint = residue.some(({ live }) => !live) ? ['`chaos rollback` reverts what is left behind'] : [];
  return ['', 'RESIDUE', ...rows.map((row, index) => `${residue[index]?.live ? '·' : paint.bad('✗')} ${row}`), ...hint];
}

function describeMachine(stateDirectory: string): Diagnosis['machine'] {
  const root = process.getuid?.() === 0;
  return [
    { name: 'system', value: `${platform()} ${release()} ${arch()}`, ok: platform() === 'linux' },
    { name: 'node', value: process.version, ok: true },
    { name: 'user', value: root ? 'root' : 'not root: faults on processes of other users need root', ok: root },
    journalRow(stateDirectory),
  ];
}

function journalRow(stateDirectory: string): Diagnosis['machine'][number] {
  try {
    const writable = isWritableDirectory(stateDirectory);
    return {
      name: 'journal',
      value: writable ? stateDirectory : `${stateDirectory} cannot be written: nothing would be injected`,
      ok: writable,
    };
  } catch (error) {
    return { name: 'journal', value: messageOf(error), ok: false };
  }
}

/** Runs whose guardian is alive, those of other state directories included: what they have in force is in force on purpose. */
function guardedRuns(): string[] {
  return listProcesses().flatMap(({ pid }) => {
    const [, ...words] = argumentsOf(pid);
    const script = words.findIndex((word) => word === entryFile('guardian'));
    const run = script < 0 ? undefined : words[script + 2];
    return run === undefined ? [] : [run];
  });
}

/** What the machine shows, and what the journal knows and the machine may not show. */
async function listResidue(stateDirectory: string): Promise<ResidueRow[]> {
  const host = createFaultHost();
  const kinds = allFaultKinds();
  const database = JournalDatabase.openReadOnly(stateDirectory);
  try {
    const runs = database?.listOpenRuns() ?? [];
    const live = new Set([...runs.filter(isRunning).map(({ id }) => id), ...guardedRuns()]);
    const seen = findResidue(host).map(({ what, detail, run }) => ({
      what,
      detail,
      run: run ?? null,
      live: run !== undefined && live.has(run),
    }));
    const known: ResidueRow[] = [];
    for (const run of runs) {
      for (const { step, subject, kind, undo } of outstandingUndos(database?.readEvents(run.id) ?? [])) {
        if (subject !== 'fault') continue;
        const fault = lookupFaultKind(kinds, kind);
        if (fault && (await fault.isInForce(undo, host))) {
          known.push({
            what: `fault ${kind}`,
            detail: `${step}: ${fault.describeUndo(undo)}`,
            run: run.id,
            live: live.has(run.id),
          });
        }
      }
    }
    return [...seen, ...known];
  } finally {
    database?.close();
  }
}
