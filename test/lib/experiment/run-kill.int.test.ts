import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../../src/lib/events/run-events.ts';
import { RUN_MARK } from '../../../src/lib/runtime/marks.ts';
import { findMarked } from '../../../src/lib/runtime/processes.ts';
import { freePorts } from '../../support/ports.ts';
import { temporaryDirectory } from '../../support/temp.ts';
import { until } from '../../support/until.ts';
import { startTestRun } from './start-test-run.ts';

/** Answers with its pid; does not start a second time where START_ONCE names a file. */
const SERVER = `
const { existsSync, writeFileSync } = require('node:fs');
const once = process.env.START_ONCE;
if (once && existsSync(once)) process.exit(3);
if (once) writeFileSync(once, '');
require('node:http').createServer((_, response) => response.end(String(process.pid))).listen(Number(process.env.PORT), '127.0.0.1');
`;

async function startKillRun(method: string, rest = '', env = '') {
  const directory = temporaryDirectory();
  const [port] = await freePorts(1);
  writeFileSync(join(directory, 'server.cjs'), SERVER);
  const test = await startTestRun(
    directory,
    `version: 1
name: kills
services:
  web:
    endpoints: http://127.0.0.1:${port}
    run: { command: ['${process.execPath}', server.cjs], env: { PORT: ${port}${env} }, readyWithin: 2s, stopGrace: 1s }
method: ${method}
timing: { before: 0ms, after: 0ms, hold: 100ms, recoverWithin: 500ms }
${rest}`,
  );
  return { ...test, directory };
}

const kill = (fields: string): string => `{ fault: kill, target: { process: { service: web } }, ${fields} }`;
const ofType = <Type extends RunEvent['type']>(events: readonly RunEvent[], type: Type) =>
  events.filter((event): event is Extract<RunEvent, { type: Type }> => event.type === type);
const lastEffect = (events: readonly RunEvent[], fault: string) =>
  ofType(events, 'fault.effect').findLast((event) => event.fault === fault)?.effect;

function expectNothingLeft(events: readonly RunEvent[]): void {
  expect(findMarked(RUN_MARK, events[0]!.run)).toEqual([]);
}

describe('the fault kill in a run', () => {
  it('keeps a service dead for its window, starts it again, and waits until it is ready', async () => {
    const { handle, events } = await startKillRun(`[${kill('id: crash, for: 300ms')}]`, `gate: [touched.crash == 1]`);
    expect(await handle.finished).toMatchObject({ verdict: 'passed', exitCode: 0 });
    expect(ofType(events, 'service.ready')).toHaveLength(2);
    // Whether the end of the run is heard of before the run is over is up to the machine.
    expect(ofType(events, 'service.exited')[0]).toMatchObject({ signal: 'SIGKILL', expected: true });
    const effect = lastEffect(events, 'crash');
    expect(effect).toMatchObject({ touched: 1, delivered: { killed: 1, restarts: 1 } });
    const { downMs, readyAfterMs } = effect!.delivered as { downMs: number; readyAfterMs: number };
    expect(downMs).toBeGreaterThan(200);
    expect(readyAfterMs).toBeGreaterThan(0);
    expect(readyAfterMs).toBeLessThan(downMs);
    expectNothingLeft(events);
  });

  it('kills what was started again just as well', async () => {
    const { handle, events } = await startKillRun(
      `[${kill('id: first, for: 50ms')}, ${kill('id: second, with: { signal: SIGTERM }, for: 50ms')}]`,
    );
    expect(await handle.finished).toMatchObject({ verdict: 'passed' });
    const ends = ofType(events, 'service.exited').map(({ signal }) => signal);
    expect(ends.slice(0, 2)).toEqual(['SIGKILL', 'SIGTERM']);
    expect(lastEffect(events, 'second')).toMatchObject({ touched: 1, delivered: { restarts: 1 } });
    expectNothingLeft(events);
  });

  it('lets a later fault find the processes that were started again', async () => {
    const { handle, events } = await startKillRun(
      `[${kill('id: first, for: 50ms')}, ${kill('id: second, after: 1500ms, for: 50ms')}]`,
    );
    await handle.finished;
    const [first, second] = ['first', 'second'].map(
      (id) => ofType(events, 'step.planned').find(({ step }) => step === id)?.target,
    );
    expect(first).toMatch(/pid \d+/);
    expect(second).toMatch(/pid \d+/);
    expect(second).not.toBe(first);
  });

  it('starts nothing when the run is interrupted while the service is dead', async () => {
    const { handle, events } = await startKillRun(`[${kill('for: 60s')}]`);
    await until('the fault is in force', () => ofType(events, 'step.done').some(({ subject }) => subject === 'fault'));
    handle.interrupt('SIGINT');
    expect(await handle.finished).toMatchObject({ verdict: 'aborted' });
    expect(ofType(events, 'service.ready')).toHaveLength(1);
    expect(ofType(events, 'undo.done').map(({ subject }) => subject)).toEqual(['fault', 'service']);
    expectNothingLeft(events);
  });

  it('leaves a service dead to the end that is never to be started again', async () => {
    const { handle, events } = await startKillRun(`[${kill('id: gone, with: { restart: false }, for: 100ms')}]`);
    expect(await handle.finished).toMatchObject({ verdict: 'passed' });
    expect(ofType(events, 'service.ready')).toHaveLength(1);
    expect(lastEffect(events, 'gone')).toMatchObject({ touched: 1, delivered: { killed: 1 } });
    expectNothingLeft(events);
  });

  it('fails the run when the service does not come back, and leaves it clean', async () => {
    const directory = temporaryDirectory();
    const { handle, events } = await startKillRun(
      `[${kill('id: crash, for: 50ms')}]`,
      `steadyState: [{ name: up, probe: process, with: { service: web }, every: 50ms }]`,
      `, START_ONCE: ${join(directory, 'started')}`,
    );
    expect(await handle.finished).toMatchObject({ verdict: 'failed' });
    const [first] = ofType(events, 'undo.failed');
    expect(first?.error).toBe('service web did not start: it exited with code 3');
    expect(lastEffect(events, 'crash')).toMatchObject({ delivered: { restarts: 0 } });
    expectNothingLeft(events);
  });
});
