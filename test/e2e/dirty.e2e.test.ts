import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import type { RunEvent } from '../../src/lib/events/run-events.ts';
import type { RunReport } from '../../src/lib/report/run-report.ts';
import { run, start } from '../support/cli.ts';
import { freePorts } from '../support/ports.ts';
import { requires } from '../support/requires.ts';
import { residueOf } from '../support/residue.ts';
import { temporaryDirectory } from '../support/temp.ts';

const SCENARIO = join(import.meta.dirname, 'fixtures', 'all-faults.yaml');

requires('root', 'cgroup-cpu-v1').it(
  'what cannot be reverted makes the run dirty, loudly, and keeps nothing else from being reverted; a rollback finishes it',
  async () => {
    const state = temporaryDirectory();
    const [port, proxyPort] = await freePorts(2);
    const vars = ['--var', `PORT=${port}`, '--var', `PROXY_PORT=${proxyPort}`];
    const runner = start('chaos', ['run', SCENARIO, '--yes', '--events', 'ndjson', '--state', state, ...vars]);
    let obstacle = '';
    const clear = (): void => void spawnSync('find', [obstacle, '-depth', '-type', 'd', '-exec', 'rmdir', '{}', ';']);
    onTestFinished(clear);
    const events: RunEvent[] = [];
    runner.onLine((line) => {
      const event = JSON.parse(line) as RunEvent;
      events.push(event);
      if (event.type !== 'step.done' || event.step !== 'starved') return;
      // A control group that holds others cannot be removed, and deeper than eight levels the undo does not look.
      obstacle = join('/sys/fs/cgroup/cpu', `faultline-${event.run}-starved`, 'obstacle');
      mkdirSync(join(obstacle, ...Array.from({ length: 12 }, () => 'x')), { recursive: true });
    });
    const { code } = await runner.finished;
    expect(code).toBe(5);
    const end = events.at(-1);
    expect(end).toMatchObject({ type: 'run.ended', verdict: 'dirty', exitCode: 5 });
    expect(JSON.stringify(end)).toContain('starved (cpu on process echo');
    const failures = events.filter((event) => event.type === 'undo.failed');
    expect(failures.at(-1)).toMatchObject({ step: 'starved', final: true });
    const undone = events.flatMap((event) => (event.type === 'undo.done' ? [event.step] : []));
    expect(undone.sort()).toEqual(['broken', 'busy', 'cut', 'echo', 'slow']);

    const id = events[0]!.run;
    const shown = JSON.parse((await run('chaos', ['show', id, '--json', '--state', state])).stdout) as RunReport;
    expect(shown.inForce).toEqual([expect.stringContaining('starved')]);
    // Still in the way: the next run refuses to start on top of it.
    const next = await run('chaos', ['run', SCENARIO, '--yes', '--state', state, ...vars]);
    expect(next.code).toBe(5);
    expect(next.stderr).toContain('an earlier run left something in force');

    clear();
    const rollback = await run('chaos', ['rollback', '--state', state]);
    expect(rollback).toMatchObject({ code: 0, stdout: `${id}  reverted starved\n` });
    expect(await residueOf(id, [port!, proxyPort!], state)).toEqual([]);
  },
  120_000,
);
