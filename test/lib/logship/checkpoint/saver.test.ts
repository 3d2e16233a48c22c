import { describe, expect, it } from 'vitest';
import { startSaver } from '../../../../src/lib/logship/checkpoint/saver.ts';
import { stillKept } from '../../../../src/lib/logship/checkpoint/vanished.ts';
import type { CheckpointEntry } from '../../../../src/lib/logship/checkpoint/entry.ts';
import { FakeClock } from '../../../../src/lib/runtime/fake-clock.ts';

/** A saver of one number, and a disk that can be full or slow. */
function rig() {
  const clock = new FakeClock();
  const disk = {
    saved: [] as string[],
    warnings: [] as string[],
    isFull: false,
    hold: undefined as Promise<void> | undefined,
  };
  let value = 0;
  let savedValue = 0;
  const saver = startSaver({
    clock,
    collect: () => {
      const now = value;
      return now === savedValue ? undefined : { lines: [String(now)], saved: () => (savedValue = now) };
    },
    save: async ([line = '']) => {
      await disk.hold;
      if (disk.isFull) throw new Error('ENOSPC');
      disk.saved.push(line);
    },
    warn: (message) => disk.warnings.push(message),
  });
  return { clock, disk, saver, change: () => value++ };
}

describe('saving', () => {
  it('happens at most every second, and only when something has changed', async () => {
    const { clock, disk, change } = rig();
    await clock.advance(5_000);
    expect(disk.saved).toEqual([]);
    for (let tenth = 0; tenth < 30; tenth++) {
      change();
      await clock.advance(100);
    }
    expect(disk.saved).toEqual(['10', '20', '30']);
  });

  it('is one at a time, and what changed meanwhile is saved after it', async () => {
    const { clock, disk, saver, change } = rig();
    let goOn = (): void => undefined;
    disk.hold = new Promise((resolve) => (goOn = resolve));
    change();
    await clock.advance(1_000);
    change();
    await clock.advance(3_000);
    expect(disk.saved).toEqual([]);
    goOn();
    expect(await saver.saveNow()).toBe(true);
    expect(disk.saved).toEqual(['1', '2']);
  });

  it('to a full disk is warned of once, tried again, and told to work again', async () => {
    const { clock, disk, saver, change } = rig();
    disk.isFull = true;
    change();
    await clock.advance(10_000);
    expect(disk.warnings).toEqual([expect.stringContaining('ENOSPC')]);
    expect(await saver.saveNow()).toBe(false);
    disk.isFull = false;
    await clock.advance(1_000);
    expect(disk.saved).toEqual(['1']);
    expect(disk.warnings[1]).toBe('positions are stored again');
  });

  it('ends when it is closed', () => {
    const { clock, saver } = rig();
    saver.close();
    expect(clock.pending).toBe(0);
  });
});

describe('entries of files that are gone', () => {
  const gone = (id: string, vanishedUnixMs?: number): CheckpointEntry => ({
    id,
    path: '/v/a',
    source: '/v/a',
    key: '1:1',
    bornUnixNs: '0',
    generation: 0,
    offset: 0,
    head: { lengthBytes: 0, hash: '' },
    tail: { lengthBytes: 0, hash: '' },
    vanishedUnixMs,
  });
  const DAY_MS = 24 * 60 * 60 * 1_000;

  it('are kept for a week from when they were missed first', () => {
    const kept = stillKept([gone('old', 0), gone('recent', DAY_MS), gone('new')], 7 * DAY_MS);
    expect(kept.map(({ id, vanishedUnixMs }) => [id, vanishedUnixMs])).toEqual([
      ['new', 7 * DAY_MS],
      ['recent', DAY_MS],
    ]);
  });

  it('are bounded, the oldest go first', () => {
    const kept = stillKept(
      Array.from({ length: 10_001 }, (_, index) => gone(`${index}`, index)),
      20_000,
    );
    expect([kept.length, kept[0]?.id, kept.at(-1)?.id]).toEqual([10_000, '10000', '1']);
  });
});
