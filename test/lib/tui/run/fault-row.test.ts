import { describe, expect, it } from 'vitest';
import type { Effect } from '../../../../src/lib/events/run-events.ts';
import {
  createFaultRows,
  formatFaultBar,
  formatFaultFacts,
  type FaultCondition,
  type FaultRow,
} from '../../../../src/lib/tui/run/fault-row.ts';
import { createRunTimes } from '../../../../src/lib/tui/run/times.ts';
import { formatLine } from '../../../../src/lib/tui/text/line.ts';
import type { Theme } from '../../../../src/lib/tui/theme.ts';
import {
  DURING,
  PLAN,
  ended,
  injected,
  phase,
  progressOf,
  reverted,
  stamp,
  started,
  type Timed,
} from '../support/made-up-run.ts';
import { ASCII, UNICODE } from '../support/themes.ts';

const EFFECT: Effect = {
  touched: 212,
  requested: { delayMs: 400, percent: 100 },
  delivered: { percent: 100, delayMs: { p50: 401.3, p99: 420 } },
  decisions: { seen: 212, hit: 212, digest: '0' },
};

function row(condition: FaultCondition, change: Partial<FaultRow> = {}): FaultRow {
  return {
    id: 'slow-payments',
    kind: 'latency',
    target: 'service payments',
    condition,
    plannedMs: { startMs: 5_000, endMs: 10_000 },
    actualMs: undefined,
    effect: undefined,
    ...change,
  };
}

const facts = (shown: FaultRow, width: number, theme: Theme = UNICODE): string =>
  formatLine(formatFaultFacts(shown, width, theme), width, theme);

describe('the facts of a fault', () => {
  const inForce = row({ is: 'in force', forMs: 3_149, ofMs: 5_000 }, { effect: EFFECT });

  it.each([
    [28, '● in force 3.1s of 5s'],
    [40, '● in force 3.1s of 5s  touched 212'],
    [58, '● in force 3.1s of 5s  touched 212  p50 401ms asked 400ms'],
    [80, '● in force 3.1s of 5s  latency on payments  touched 212  p50 401ms asked 400ms'],
    [120, '● in force 3.1s of 5s  latency on payments  touched 212  p50 401ms asked 400ms  100% asked 100%'],
  ])('tell within %i cells what matters most', (width, line) => {
    expect(facts(inForce, width)).toBe(line);
  });

  it.each<[FaultCondition, string, string]>([
    [{ is: 'waiting', startsInMs: 3_200 }, '○ waiting, in 4s', 'o waiting, in 4s'],
    [{ is: 'injecting' }, '○ injecting', 'o injecting'],
    [{ is: 'reverted', afterMs: 65_000 }, '✓ reverted after 1m05s', 'ok reverted after 1m05s'],
    [{ is: 'never injected' }, '○ never injected', 'o never injected'],
    [{ is: 'failed' }, '✗ not injected', 'x not injected'],
    [{ is: 'not reverted' }, '✗ NOT REVERTED', 'x NOT REVERTED'],
  ])('name the state %o', (condition, unicode, ascii) => {
    expect(facts(row(condition), 30)).toBe(unicode);
    expect(facts(row(condition), 30, ASCII)).toBe(ascii);
  });

  it('say why nothing was touched', () => {
    const effect = { ...EFFECT, touched: 0, delivered: {}, note: 'no request passed\u001b[31m the proxy' };
    expect(facts(row({ is: 'reverted', afterMs: 5_000 }, { effect }), 90)).toBe(
      '✓ reverted after 5.0s  latency on payments  touched 0  no request passed the proxy',
    );
  });

  it('shorten the words for a process of a service, and for nothing else', () => {
    const cpu = row({ is: 'injecting' }, { kind: 'cpu', target: 'process of service checkout' });
    expect(facts(cpu, 60)).toBe('○ injecting  cpu on process of checkout');
    expect(facts(row({ is: 'injecting' }, { target: 'host' }), 60)).toBe('○ injecting  latency on host');
  });
});

describe('the bar of a fault', () => {
  // 20 s on 40 cells: half a second each.
  const bars = (events: readonly Timed[], nowMs: number, theme: Theme = UNICODE): string[] => {
    const progress = progressOf(stamp(...events));
    const times = createRunTimes(PLAN, progress, nowMs);
    const cursorMs = progress.ended ? undefined : nowMs;
    return createFaultRows(PLAN.faults, progress, times, nowMs).map((shown) =>
      formatLine(formatFaultBar(shown, times, cursorMs, 40, theme), 40, theme),
    );
  };

  it('shows planned windows before, and the moment now', () => {
    expect(bars([started(), phase(2_000, 'before')], 3_000)).toEqual([
      '      ┃   ░░░░░░░░░░',
      '      ┃         ░░░░░░░░░░░░░░',
    ]);
  });

  it('shows what is in force up to now', () => {
    expect(bars([...DURING], 8_500)).toEqual(['          ▓▓▓▓▓▓▓┃░░', '                ▓┃░░░░░░░░░░░░']);
    expect(bars([...DURING], 8_500, ASCII)).toEqual(['          #######|..', '                #|............']);
  });

  it('shows how long a fault was really in force, and what was cut off', () => {
    const cut = [...DURING, reverted(9_000, 'slow-payments'), reverted(9_000, 'flaky'), ended(9_100)];
    expect(bars(cut, 9_100)).toEqual(['          ▓▓▓▓▓▓▓▓░░', '                ▓▓░░░░░░░░░░░░']);
  });

  it('goes on past its window for a fault that cannot be taken back', () => {
    const failed = {
      type: 'undo.failed',
      step: 'slow-payments',
      subject: 'fault',
      by: 'runner',
      attempts: 10,
    } as const;
    const stuck = [...DURING, [10_000, { ...failed, error: 'EROFS', final: true }] as const];
    expect(bars(stuck, 14_000)[0]).toBe('          ▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓┃');
  });

  it('marks one that could not be injected where it should have begun', () => {
    const refused = {
      type: 'step.refused',
      step: 'flaky',
      subject: 'fault',
      kind: 'error',
      target: 'x',
      error: 'no',
    } as const;
    expect(bars([started(), phase(2_000, 'before'), [3_000, refused]], 3_000)[1]).toBe(
      '      ┃         ✗░░░░░░░░░░░░░',
    );
  });
});

describe('the state of a fault after the end of its run', () => {
  const states = (...events: readonly Timed[]): string[] => {
    const progress = progressOf(stamp(...events));
    const times = createRunTimes(PLAN, progress, progress.nowMs);
    return createFaultRows(PLAN.faults, progress, times, progress.nowMs).map(({ condition }) => condition.is);
  };

  it('is never "in force" or "waiting"', () => {
    expect(states(started(), phase(5_000, 'during'), ...injected(5_000, 'slow-payments'), ended(6_000))).toEqual([
      'not reverted',
      'never injected',
    ]);
  });

  it('is "not reverted" for one whose injection was under way', () => {
    const [intent] = injected(5_000, 'slow-payments');
    expect(states(started(), intent!, ended(6_000))[0]).toBe('not reverted');
  });
});
