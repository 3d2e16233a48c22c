import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { allFaultKinds, CGROUP_ROOT } from '../../../src/lib/app/kinds.ts';
import { openScenario } from '../../../src/lib/app/open-scenario.ts';
import type { RunEvent } from '../../../src/lib/events/run-events.ts';
import { createPlanDocument } from '../../../src/lib/experiment/plan-document.ts';
import { startRun } from '../../../src/lib/experiment/run.ts';
import { EMPTY_ALLOW_LIST } from '../../../src/lib/faults/safety.ts';
import { judge } from '../../../src/lib/report/verdict.ts';
import { realClock } from '../../../src/lib/runtime/clock.ts';
import { freePorts } from '../../support/ports.ts';
import { temporaryDirectory } from '../../support/temp.ts';
import { until } from '../../support/until.ts';

/** A run in this process, with a fault that would last for a minute. */
async function longRun(onEvent: (event: RunEvent) => void = () => undefined) {
  const directory = temporaryDirectory();
  const [port, upstream] = await freePorts(2);
  const file = join(directory, 'scenario.yaml');
  writeFileSync(
    file,
    `version: 1
name: long
services: { web: { endpoints: 'http://127.0.0.1:${upstream}', listen: '127.0.0.1:${port}' } }
method: [ { fault: latency, target: { service: web }, with: { delay: 1ms }, for: 60s } ]
timing: { before: 0ms }
`,
  );
  const { scenario, timeline } = openScenario(file, {});
  const kinds = allFaultKinds();
  const events: RunEvent[] = [];
  const handle = await startRun(
    {
      run: `test-${port}`,
      scenario,
      timeline,
      seed: 1,
      version: '0',
      stateDirectory: join(directory, 'state'),
      clock: realClock,
      kinds,
      cgroupRoot: CGROUP_ROOT,
      allowList: EMPTY_ALLOW_LIST,
      assumeYes: false,
      timeoutMs: undefined,
      redact: (body) => body,
      plan: createPlanDocument(scenario, timeline, kinds),
      onEvent(event) {
        events.push(event);
        onEvent(event);
      },
    },
    (each) =>
      judge({
        ...each,
        thresholds: scenario.gate,
        faults: timeline.faults.map(({ id }) => id),
        probes: scenario.steadyState,
      }),
  );
  const inForce = (): boolean => events.some(({ type }) => type === 'step.done');
  return { handle, events, inForce };
}

const undone = (events: readonly RunEvent[]): boolean => events.some(({ type }) => type === 'undo.done');

describe('a run in this process', () => {
  it('ends with exit 70 on an error that nobody caught, everything reverted', async () => {
    const { handle, events, inForce } = await longRun();
    await until('the fault is in force', inForce);
    handle.fail(new Error('x is undefined'));
    expect(await handle.finished).toMatchObject({
      verdict: 'aborted',
      exitCode: 70,
      reasons: ['a bug of ours: x is undefined'],
    });
    expect(undone(events)).toBe(true);
  });

  it('survives a view that throws: the run ends as a bug, everything reverted', async () => {
    const { handle, events } = await longRun((event) => {
      if (event.type === 'step.done') throw new Error('cannot draw');
    });
    expect(await handle.finished).toMatchObject({ exitCode: 70, reasons: ['a bug of ours: cannot draw'] });
    expect(undone(events)).toBe(true);
  });

  it('keeps its first reason when more come', async () => {
    const { handle, inForce } = await longRun();
    await until('the fault is in force', inForce);
    handle.interrupt('SIGTERM');
    handle.fail(new Error('later'));
    handle.interrupt('SIGINT');
    expect(await handle.finished).toMatchObject({ exitCode: 130, reasons: ['interrupted by SIGTERM'] });
  });
});
