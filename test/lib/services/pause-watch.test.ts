import { expect, it } from 'vitest';
import { PauseWatch } from '../../../src/lib/services/pause-watch.ts';

const watchFrom = (nowMs: number): PauseWatch => new PauseWatch(1_000, 250, nowMs);

it.each([
  { says: 'a look in time', atMs: 1_000, pauseMs: 0 },
  { says: 'an early look', atMs: 3, pauseMs: 0 },
  { says: 'a look as late as is tolerated', atMs: 1_250, pauseMs: 0 },
  { says: 'a look that is later', atMs: 1_251, pauseMs: 251 },
  { says: 'thirty seconds of standing still', atMs: 31_000, pauseMs: 30_000 },
  { says: 'time that goes backwards', atMs: -5_000, pauseMs: 0 },
])('tells how long the pause was: $says', ({ atMs, pauseMs }) => {
  expect(watchFrom(0).look(atMs)).toBe(pauseMs);
});

it('tells a pause once', () => {
  const watch = watchFrom(0);
  expect([watch.look(9_000), watch.look(9_001), watch.look(10_001)]).toEqual([8_000, 0, 0]);
});

it('makes no pause of time that went backwards and came back', () => {
  const watch = watchFrom(10_000);
  expect([watch.look(2_000), watch.look(10_900)]).toEqual([0, 0]);
});
