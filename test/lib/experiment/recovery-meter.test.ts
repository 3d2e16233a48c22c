import { describe, expect, it } from 'vitest';
import { createRecoveryState, onProbeResult, recoveryAt } from '../../../src/lib/experiment/recovery-meter.ts';

type Result = [probe: string, startedMs: number, ok: boolean];
const FAULT_END_MS = 1000;
const HOLD_MS = 500;

const after = (results: readonly Result[]) =>
  results.reduce(
    (state, [probe, startedMs, ok]) => onProbeResult(state, probe, { ok, startedMs }),
    createRecoveryState(['A', 'B']),
  );

describe('recovery', () => {
  it.each<[string, Result[], number, unknown]>([
    [
      'counts from the fault’s end when nothing ever broke',
      [
        ['A', 100, true],
        ['B', 100, true],
      ],
      1500,
      { state: 'recovered', sinceMs: 1000 },
    ],
    [
      'holds but not yet for long enough',
      [
        ['A', 100, true],
        ['B', 100, true],
      ],
      1499,
      { state: 'holding', sinceMs: 1000 },
    ],
    [
      'is broken while one probe is',
      [
        ['A', 1200, true],
        ['B', 1200, false],
      ],
      9000,
      { state: 'broken' },
    ],
    ['is broken while one probe has said nothing', [['A', 1200, true]], 9000, { state: 'broken' }],
    [
      'starts at the last probe’s first result within tolerance',
      [
        ['A', 500, false],
        ['B', 500, false],
        ['A', 1200, true],
        ['B', 1700, true],
      ],
      2200,
      { state: 'recovered', sinceMs: 1700 },
    ],
    [
      'starts anew after a relapse',
      [
        ['A', 1100, true],
        ['B', 1100, true],
        ['A', 1300, false],
        ['A', 1800, true],
      ],
      2000,
      { state: 'holding', sinceMs: 1800 },
    ],
  ])('%s', (_name, results, nowMs, expected) => {
    expect(recoveryAt(after(results), FAULT_END_MS, nowMs, HOLD_MS)).toEqual(expected);
  });

  it('remembers that it broke at all', () => {
    expect(after([['A', 1, true]]).broke).toBe(false);
    expect(
      after([
        ['A', 1, false],
        ['A', 2, true],
      ]).broke,
    ).toBe(true);
  });
});
