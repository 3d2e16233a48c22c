import { describe, expect, it } from 'vitest';
import { TimeToLive } from '../../../src/lib/services/time-to-live.ts';

const TTL_MS = 30_000;
const HEARTBEAT_MS = 10_000;
const begun = (nowMs = 0): TimeToLive => new TimeToLive(TTL_MS, HEARTBEAT_MS, nowMs);

/** The first sweep, one a second, at which it is over. */
function overAt(ttl: TimeToLive, fromMs: number): number {
  for (let nowMs = fromMs; nowMs < fromMs + 1_000_000; nowMs += 1_000) if (ttl.sweep(nowMs)) return nowMs;
  return Infinity;
}

describe('a time to live', () => {
  it('is over at the second sweep that finds it due: what waits in a socket is read in between', () => {
    const ttl = begun();
    expect([ttl.sweep(29_999), ttl.sweep(30_000), ttl.sweep(31_000)]).toEqual([false, false, true]);
  });

  it('goes on when the heartbeat is read between the two sweeps', () => {
    const ttl = begun();
    ttl.sweep(30_000);
    ttl.beat(30_001);
    expect(ttl.sweep(31_000)).toBe(false);
    expect(overAt(ttl, 32_000)).toBe(62_000);
  });

  it('is not shortened by a heartbeat whose time is earlier than the last one', () => {
    const ttl = begun(5_000);
    ttl.beat(1_000);
    expect(ttl.silentMs(6_000)).toBe(1_000);
    expect(overAt(ttl, 34_000)).toBe(36_000);
  });

  it.each([
    { says: 'the pause and one heartbeat', pauses: [[20_000, 50_000]], over: 71_000 },
    { says: 'a pause longer than itself', pauses: [[29_000, 629_000]], over: 641_000 },
    {
      says: 'each pause, but only one heartbeat in a silence',
      pauses: [
        [10_000, 20_000],
        [25_000, 30_000],
      ],
      over: 56_000,
    },
  ])('is extended by $says', ({ pauses, over }) => {
    const ttl = begun();
    for (const [fromMs = 0, toMs = 0] of pauses) ttl.extend(toMs - fromMs, toMs);
    expect(overAt(ttl, pauses.at(-1)![1]!)).toBe(over);
  });

  it('is not kept for ever by a machine that stalls before every sweep', () => {
    const ttl = begun();
    let nowMs = 0;
    let isOver = false;
    for (let i = 0; i < 200 && !isOver; i++) {
      // Planned after 1 s, a second late each other time.
      nowMs += i % 2 === 0 ? 2_000 : 1_000;
      if (i % 2 === 0) ttl.extend(1_000, nowMs);
      else isOver = ttl.sweep(nowMs) || ttl.sweep(nowMs);
    }
    expect(isOver).toBe(true);
    expect(nowMs).toBeLessThan(70_000);
  });

  it('grants the heartbeat again after a sign of life', () => {
    const ttl = begun();
    ttl.extend(1_000, 1_000);
    ttl.beat(2_000);
    ttl.extend(1_000, 3_000);
    expect(overAt(ttl, 3_000)).toBe(44_000);
  });

  it('gives one that was just renewed no more than a whole time to live and the heartbeat', () => {
    const ttl = begun();
    ttl.beat(100_000);
    ttl.extend(90_000, 100_000);
    expect(overAt(ttl, 100_000)).toBe(141_000);
  });
});
