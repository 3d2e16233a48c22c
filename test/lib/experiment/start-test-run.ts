import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { allFaultKinds, CGROUP_ROOT } from '../../../src/lib/app/kinds.ts';
import { openScenario } from '../../../src/lib/app/open-scenario.ts';
import type { RunEvent } from '../../../src/lib/events/run-events.ts';
import { createPlanDocument } from '../../../src/lib/experiment/plan-document.ts';
import { startRun, type RunHandle } from '../../../src/lib/experiment/run.ts';
import { EMPTY_ALLOW_LIST } from '../../../src/lib/faults/safety.ts';
import { judge } from '../../../src/lib/report/verdict.ts';
import { randomHex } from '../../../src/lib/runtime/chance.ts';
import { realClock } from '../../../src/lib/runtime/clock.ts';

export interface TestRun {
  readonly handle: RunHandle;
  /** What has happened so far. */
  readonly events: readonly RunEvent[];
}

/** Starts a run of a scenario in this process, its file and its journal in the directory. */
export async function startTestRun(
  directory: string,
  yaml: string,
  onEvent: (event: RunEvent) => void = () => undefined,
): Promise<TestRun> {
  const file = join(directory, 'scenario.yaml');
  writeFileSync(file, yaml);
  const { scenario, timeline } = openScenario(file, {});
  const kinds = allFaultKinds();
  const events: RunEvent[] = [];
  const handle = await startRun(
    {
      run: `test-${randomHex(4)}`,
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
      openControl: () => Promise.resolve({ close: () => Promise.resolve() }),
      openLocalCa: () => {
        throw new Error('no service wants a certificate');
      },
      proxyTracer: undefined,
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
  return { handle, events };
}
