import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { RunEvent } from '../../src/lib/events/run-events.ts';
import type { RunReport } from '../../src/lib/report/run-report.ts';
import { run, start } from '../support/cli.ts';
import { freePorts } from '../support/ports.ts';
import { residueOf } from '../support/residue.ts';
import { temporaryDirectory } from '../support/temp.ts';
import { until } from '../support/until.ts';

const SCENARIO = join(import.meta.dirname, 'fixtures', 'outage.yaml');

async function argumentsFor(state: string, ...more: readonly string[]) {
  const ports = (await freePorts(2)) as [number, number];
  const vars = [`PORT=${ports[0]}`, `PROXY_PORT=${ports[1]}`, ...more].flatMap((variable) => ['--var', variable]);
  return { args: ['run', SCENARIO, '--state', state, ...vars], ports };
}

it('kills a service and brings it back: its breaker opens, the cache answers, it is tried and closes; each moment is told', async () => {
  const { args } = await argumentsFor(temporaryDirectory());
  const { code, stdout } = await run('chaos', [...args, '--json']);
  const report = JSON.parse(stdout) as RunReport;
  expect([code, report.verdict, report.reasons]).toEqual([0, 'passed', []]);
  const [down] = report.faults;
  expect(down).toMatchObject({ kind: 'kill', touched: 1, delivered: { killed: 1 } });
  expect(down?.delivered.downMs).toBeGreaterThanOrEqual(2000);
  const [shop] = report.services;
  const states = shop?.breakers[0]?.changes.map(({ to }) => to) ?? [];
  expect(states[0]).toBe('open');
  expect(states.slice(-2)).toEqual(['half-open', 'closed']);
  expect(shop?.breakers[0]?.changes.at(-1)?.counts).toMatchObject({ trialsDone: 3 });
  expect(shop?.health.map(({ isWell }) => isWell)).toEqual([false, true]);
  expect(shop?.usable).toMatchObject({ before: { min: 1, max: 1 }, during: { min: 0, max: 1 } });
  const during = shop?.counted.during;
  expect(during?.fallbacksFromCache).toBeGreaterThan(20);
  expect(during?.fallbacksFromCache).toBe(during?.fallbacks);
});

it('fails, and says by how much, when the breaker opens too late', async () => {
  const { args } = await argumentsFor(temporaryDirectory(), 'OPENS_WITHIN=1ms');
  const { code, stdout } = await run('chaos', args);
  expect(code).toBe(1);
  expect(stdout).toMatch(/✗ breaker shop opens within 1ms +\d/);
  expect(stdout).toMatch(/after down began\) {2}breaker shop OPEN: consecutive-failures, 4 of \d+ calls failed/);
  expect(stdout).toMatch(/fallback answers .*during \d+ of \d+ \(.*%\), \d+ from the cache/);
});

it('waits for a breaker that closes after the steady state holds again, as long as it may take', async () => {
  const { args } = await argumentsFor(temporaryDirectory(), 'BREAKER_COUNTS=before', 'OPEN=3s');
  const { code, stdout } = await run('chaos', [...args, '--json']);
  const { reasons, gate } = JSON.parse(stdout) as RunReport;
  expect([code, reasons]).toEqual([0, []]);
  const closed = gate.find(({ threshold }) => threshold.includes('closes'));
  expect(closed?.measured).toBeGreaterThan(500);
});

it('leaves nothing running when it is killed while the service is down', async () => {
  const state = temporaryDirectory();
  onTestFinished(async () => {
    await run('chaos', ['rollback', '--state', state]);
  });
  const { args, ports } = await argumentsFor(state);
  const runner = start('chaos', [...args, '--events', 'ndjson']);
  const events: RunEvent[] = [];
  runner.onLine((line) => events.push(JSON.parse(line) as RunEvent));
  await until('the service to be down', () => events.some(({ type }) => type === 'service.exited'));
  const exited = events.find((event) => event.type === 'service.exited');
  expect(exited).toMatchObject({ service: 'shop', signal: 'SIGKILL', expected: true });
  runner.child.kill('SIGKILL');
  await runner.finished;
  const id = events[0]?.run ?? '';
  await until('nothing to be left', async () => (await residueOf(id, ports, state)).length === 0);
});
