import { describe, expect, it } from 'vitest';
import {
  hasMore,
  nextState,
  type TailerEvent,
  type TailerState,
} from '../../../../src/lib/logship/tailer/tailer-state.ts';

const held: TailerState = { kind: 'held' };
const waiting: TailerState = { kind: 'waiting' };
const reading: TailerState = { kind: 'reading' };
const drainingMore: TailerState = { kind: 'draining', why: 'renamed', hasMore: true };
const drained: TailerState = { kind: 'draining', why: 'renamed', hasMore: false };
const deleted: TailerState = { kind: 'draining', why: 'deleted', hasMore: false };
const done: TailerState = { kind: 'done', why: 'drained' };
const grown: TailerEvent = { kind: 'grown' };
const end: TailerEvent = { kind: 'end-reached' };
const renamed: TailerEvent = { kind: 'name-lost', why: 'renamed' };

describe('a tailer', () => {
  it.each<[TailerState, TailerEvent, TailerState]>([
    [waiting, grown, reading],
    [reading, grown, reading],
    [drained, grown, drainingMore],
    [held, grown, held],
    [done, grown, done],
    [reading, end, waiting],
    [waiting, end, waiting],
    [drainingMore, end, drained],
    [held, end, held],
    [waiting, renamed, drained],
    [reading, renamed, drainingMore],
    [held, renamed, drainingMore],
    [drained, { kind: 'name-lost', why: 'deleted' }, deleted],
    [drained, { kind: 'name-found' }, waiting],
    [drainingMore, { kind: 'name-found' }, reading],
    [reading, { kind: 'name-found' }, reading],
    [reading, { kind: 'held' }, held],
    [waiting, { kind: 'held' }, held],
    [drained, { kind: 'held' }, drained],
    [held, { kind: 'released' }, reading],
    [waiting, { kind: 'released' }, waiting],
    [drained, { kind: 'finished', why: 'drained' }, done],
    [done, renamed, done],
    [done, { kind: 'finished', why: 'closed' }, done],
  ])('%j after %j is %j', (state, event, next) => expect(nextState(state, event)).toEqual(next));

  it('has more to read unless it has come to the end', () => {
    expect([held, waiting, reading, drainingMore, drained, done].map(hasMore)).toEqual([
      true,
      false,
      true,
      true,
      false,
      false,
    ]);
  });
});
