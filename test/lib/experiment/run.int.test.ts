import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../../src/lib/events/run-events.ts';
import { freePorts } from '../../support/ports.ts';
import { temporaryDirectory } from '../../support/temp.ts';
import { until } from '../../support/until.ts';
import { startTestRun } from './start-test-run.ts';

/** A run in this process, with a fault that would last for a minute. */
async function longRun(onEvent?: (event: RunEvent) => void) {
  const [port, upstream] = await freePorts(2);
  const yaml = `version: 1
name: long
services: { web: { endpoints: 'http://127.0.0.1:${upstream}', listen: '127.0.0.1:${port}' } }
method: [ { fault: latency, target: { service: web }, with: { delay: 1ms }, for: 60s } ]
timing: { before: 0ms }
`;
  const { handle, events } = await startTestRun(temporaryDirectory(), yaml, onEvent);
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
