import { describe, expect, it } from 'vitest';
import type { RunEventBody } from '../../../src/lib/events/run-events.ts';
import { outstandingUndos } from '../../../src/lib/experiment/outstanding.ts';
import { stamped } from '../../support/run-events.ts';

const planned = (step: string, subject: 'fault' | 'service' = 'fault'): RunEventBody => ({
  type: 'step.planned',
  step,
  subject,
  kind: 'cpu',
  target: 'host',
  undo: { step },
});
const done = (step: string): RunEventBody => ({ type: 'step.done', step, subject: 'fault', tookMs: 1 });
const failed = (step: string): RunEventBody => ({
  type: 'step.failed',
  step,
  subject: 'fault',
  error: 'x',
  timedOut: true,
});
const undone = (step: string): RunEventBody => ({
  type: 'undo.done',
  step,
  subject: 'fault',
  by: 'runner',
  attempts: 1,
  tookMs: 1,
});
const stuck = (step: string): RunEventBody => ({
  type: 'undo.failed',
  step,
  subject: 'fault',
  by: 'runner',
  attempts: 1,
  error: 'x',
  final: true,
});

describe('what a run must still take back', () => {
  it.each<[string, RunEventBody[], string[]]>([
    ['nothing, when nothing was planned', [], []],
    ['a step that was only planned: its result is unknown', [planned('a')], ['a']],
    ['a step that failed: what it did is unknown', [planned('a'), failed('a')], ['a']],
    ['a step that is in force', [planned('a'), done('a')], ['a']],
    ['nothing, once it is undone', [planned('a'), done('a'), undone('a')], []],
    ['a step whose undo failed', [planned('a'), done('a'), stuck('a')], ['a']],
    ['in reverse order of completion, not of intent', [planned('a'), planned('b'), done('b'), done('a')], ['a', 'b']],
    ['unfinished ones first', [planned('a'), done('a'), planned('b')], ['b', 'a']],
    ['services after all faults', [planned('s', 'service'), planned('a'), done('a')], ['a', 's']],
    ['again, when it was planned again', [planned('a'), undone('a'), planned('a')], ['a']],
  ])('%s', (_name, events, expected) => {
    expect(outstandingUndos(stamped(events)).map(({ step }) => step)).toEqual(expected);
  });
});
