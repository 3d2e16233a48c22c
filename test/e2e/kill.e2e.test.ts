import { spawnSync } from 'node:child_process';
import { basename, join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { Diagnosis, ResidueRow } from '../../src/lib/app/diagnose.ts';
import type { RunEvent } from '../../src/lib/events/run-events.ts';
import { outstandingUndos } from '../../src/lib/experiment/outstanding.ts';
import { JournalDatabase } from '../../src/lib/store/journal-database.ts';
import { ROOT, run, start, type Running } from '../support/cli.ts';
import { freePorts } from '../support/ports.ts';
import { requires } from '../support/requires.ts';
import { residueOf } from '../support/residue.ts';
import { temporaryDirectory } from '../support/temp.ts';
import { until } from '../support/until.ts';

const SCENARIO = join(import.meta.dirname, 'fixtures', 'all-faults.yaml');
/** Events that a whole run of the scenario publishes, roughly; the points to kill at are spread over them. */
const EVENTS_OF_A_RUN = 75;
const POINTS = process.env.FAULTLINE_SOAK ? 100 : 10;
const WITHIN_MS = 2_000;

interface Killed {
  readonly id: string;
  readonly ports: readonly number[];
  readonly events: readonly RunEvent[];
}

/** A state directory whose runs are all reverted when the test is over, also when it failed: nothing may stay on this machine. */
function stateDirectory(): string {
  const state = temporaryDirectory();
  onTestFinished(async () => {
    await run('chaos', ['rollback', '--state', state]);
  });
  return state;
}

/** The arguments of a run of the scenario on ports of its own. */
async function argumentsFor(state: string): Promise<{ args: string[]; ports: readonly number[] }> {
  const [port, proxyPort] = await freePorts(2);
  const vars = ['--var', `PORT=${port}`, '--var', `PROXY_PORT=${proxyPort}`];
  return { args: ['run', SCENARIO, '--yes', '--state', state, ...vars], ports: [port!, proxyPort!] };
}

async function startScenario(state: string): Promise<{ runner: Running; ports: readonly number[] }> {
  const { args, ports } = await argumentsFor(state);
  return { runner: start('chaos', [...args, '--events', 'ndjson']), ports };
}

/** Runs the scenario and kills the runner right after the event that is picked, or lets it end when there is none. */
async function killAt(
  isThePoint: (event: RunEvent, number: number) => boolean,
  state: string,
  also: (pids: { guardian: number }) => void = () => undefined,
): Promise<Killed> {
  const { runner, ports } = await startScenario(state);
  const events: RunEvent[] = [];
  let guardian = 0;
  runner.onLine((line) => {
    const event = JSON.parse(line) as RunEvent;
    events.push(event);
    if (event.type === 'guardian.started') guardian = event.pid;
    if (!isThePoint(event, events.length)) return;
    runner.child.kill('SIGKILL');
    also({ guardian });
  });
  const { stderr } = await runner.finished;
  const [first] = events;
  if (!first) throw new Error(`the run said nothing: ${stderr}`);
  return { id: first.run, ports, events };
}

/** What the doctor says is in force of that run. */
async function residueSeen(state: string, id: string): Promise<readonly ResidueRow[]> {
  const { code, stdout } = await run('run', ['doctor', '--residue', '--json', '--state', state]);
  const residue = (JSON.parse(stdout) as Diagnosis).residue ?? [];
  expect(code).toBe(residue.some(({ live }) => !live) ? 5 : 0);
  return residue.filter((row) => row.run === id);
}

/** True at the event by which the last of the five faults is in force. */
function everythingIsInForce(): (event: RunEvent) => boolean {
  let inForce = 0;
  return (event) => event.type === 'step.done' && event.subject === 'fault' && ++inForce === 5;
}

requires('root', 'cgroup-cpu').describe('a runner that is killed', () => {
  it(
    `leaves nothing behind within ${WITHIN_MS} ms, at ${POINTS} points of a run with every fault`,
    async () => {
      const state = stateDirectory();
      const inForceAtDeath: number[] = [];
      let recorded = 0;
      for (let point = 0; point < POINTS; point++) {
        const eventNumber = 1 + Math.round((point / POINTS) * EVENTS_OF_A_RUN);
        const { id, ports, events } = await killAt((_, number) => number === eventNumber, state);
        inForceAtDeath.push(outstandingUndos(events).filter(({ subject }) => subject === 'fault').length);
        let left: string[] = [];
        await until(
          `nothing left of ${id}, killed after event ${eventNumber}`,
          async () => {
            left = await residueOf(id, ports, state);
            return left.length === 0;
          },
          WITHIN_MS,
        ).catch((error: unknown) => {
          throw new Error(`${String(error)}: ${left.join('; ')}`);
        });
        const journal = JournalDatabase.open(state);
        const written = journal.readEvents(id);
        journal.close();
        // Before its guardian was there the runner had touched nothing, and nobody is left to write the end: the next run does.
        // A runner that died before its first event was on disk had not even started a guardian: there is nothing to know of it.
        if (written.length > 0) recorded++;
        const guarded = written.some(({ type }) => type === 'guardian.started');
        if (guarded) expect(written.at(-1), `killed after event ${eventNumber}`).toMatchObject({ type: 'run.ended' });
        expect(outstandingUndos(written)).toEqual([]);
        expect(written.map(({ seq }) => seq)).toEqual(written.map((_, index) => index + 1));
      }
      expect(Math.max(...inForceAtDeath), 'some of the points had every fault in force').toBe(5);

      const next = await run('chaos', [...(await argumentsFor(state)).args, '--json']);
      expect(next.code, next.stdout + next.stderr).toBe(0);
      const list = JSON.parse((await run('chaos', ['list', '--json', '--limit', '200', '--state', state])).stdout) as {
        state: string;
      }[];
      expect(list).toHaveLength(recorded + 1);
      expect(recorded).toBeGreaterThanOrEqual(POINTS - 2);
      expect(list.filter((each) => each.state !== 'ended')).toEqual([]);
    },
    POINTS * 15_000,
  );

  it('together with its guardian: `chaos rollback` reverts everything, also when two run at once', async () => {
    const state = stateDirectory();
    const { id, ports } = await killAt(everythingIsInForce(), state, ({ guardian }) =>
      process.kill(guardian, 'SIGKILL'),
    );
    const left = await residueOf(id, ports, state);
    expect(left.join('\n')).toContain(`faultline-${id}`);

    const seen = await residueSeen(state, id);
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.every(({ live }) => !live)).toBe(true);

    const both = await Promise.all([
      run('chaos', ['rollback', '--state', state]),
      run('chaos', ['rollback', '--all', '--state', state]),
    ]);
    expect(
      both.map(({ code }) => code),
      JSON.stringify(both),
    ).toEqual([0, 0]);
    expect(await residueOf(id, ports, state)).toEqual([]);
    const again = await run('chaos', ['rollback', '--state', state]);
    expect(again).toMatchObject({ code: 0, stdout: 'Nothing to revert: every run is finished.\n' });
    expect(await residueSeen(state, id)).toEqual([]);
  }, 60_000);

  it('together with its guardian: the next run starts clean', async () => {
    const state = stateDirectory();
    const { id, ports } = await killAt(everythingIsInForce(), state, ({ guardian }) =>
      process.kill(guardian, 'SIGKILL'),
    );
    const next = await run('chaos', [...(await argumentsFor(state)).args, '--plain']);
    expect(next.code, next.stdout + next.stderr).toBe(0);
    expect(next.stderr).toContain(`finished run ${id}: reverted`);
    expect(await residueOf(id, ports, state)).toEqual([]);
  }, 60_000);

  it('a guardian that dies alone is replaced', async () => {
    const state = stateDirectory();
    const { runner, ports } = await startScenario(state);
    const guardians: number[] = [];
    const events: RunEvent[] = [];
    runner.onLine((line) => {
      const event = JSON.parse(line) as RunEvent;
      events.push(event);
      if (event.type === 'guardian.started') guardians.push(event.pid);
      if (event.type === 'step.done' && guardians.length === 1) process.kill(guardians[0]!, 'SIGKILL');
      if (guardians.length === 2 && event.type === 'guardian.started') runner.child.kill('SIGKILL');
    });
    await runner.finished;
    expect(guardians).toHaveLength(2);
    const id = events[0]!.run;
    await until('nothing left', async () => (await residueOf(id, ports, state)).length === 0, WITHIN_MS);
  }, 60_000);

  it('a runner that is interrupted, at any point from its first event on: leaves nothing behind, and ends with exit 130', async () => {
    const state = stateDirectory();
    for (const number of [1, 2, 3, 4, 5, 6, 8, 11, 15, 20, 30, 45]) {
      const { runner, ports } = await startScenario(state);
      const events: RunEvent[] = [];
      runner.onLine((line) => {
        if (events.push(JSON.parse(line) as RunEvent) === number) runner.child.kill('SIGINT');
      });
      const { code, stderr } = await runner.finished;
      expect(code, `interrupted after event ${number}: ${stderr}`).toBe(130);
      expect(events.at(-1)).toMatchObject({ type: 'run.ended', verdict: 'aborted' });
      expect(await residueOf(events[0]!.run, ports, state), `interrupted after event ${number}`).toEqual([]);
    }
  }, 120_000);

  requires(requires.package('tmux')).it(
    'a runner whose terminal is closed: reverts, and says so in the journal',
    async () => {
      const state = stateDirectory();
      const { args, ports } = await argumentsFor(state);
      const tmux = (...words: string[]) => spawnSync('tmux', ['-L', basename(state), ...words], { encoding: 'utf8' });
      onTestFinished(() => void tmux('kill-server'));
      tmux(
        'new-session',
        '-d',
        '-x',
        '100',
        '-y',
        '40',
        `exec ${process.execPath} ${join(ROOT, 'bin', 'chaos.js')} ${args.join(' ')}`,
      );
      const row = await until('every fault is in force', () => {
        const journal = JournalDatabase.openReadOnly(state);
        const [found] = journal?.listRuns(1) ?? [];
        const events = journal && found ? journal.readEvents(found.id) : [];
        journal?.close();
        return outstandingUndos(events).filter(({ subject }) => subject === 'fault').length === 5 ? found : undefined;
      });
      expect(tmux('capture-pane', '-p').stdout).toContain('all-faults');
      tmux('kill-server');
      await until('nothing left', async () => (await residueOf(row.id, ports, state)).length === 0, WITHIN_MS);
      const ended = await until('the end is written', () => {
        const journal = JournalDatabase.openReadOnly(state);
        const found = journal?.lookupRun(row.id);
        journal?.close();
        return found?.endedUnixMs == null ? undefined : found;
      });
      expect(ended).toMatchObject({ verdict: 'aborted', exitCode: 130 });
    },
    60_000,
  );
});
