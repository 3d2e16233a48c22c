import { describe, expect, it } from 'vitest';
import { formatNotice, formatReason, formatServices } from '../../../../src/lib/tui/run/notice-rows.ts';
import { formatLine } from '../../../../src/lib/tui/text/line.ts';
import { ASCII, UNICODE } from '../support/themes.ts';
import { ended, phase, progressOf, stamp, started, type Timed } from '../support/made-up-run.ts';

describe('notices', () => {
  it('tell their time and whether they warn', () => {
    const warning = { atMs: 72_000, level: 'warning' as const, text: 'guard tripped:\nerrors > 50%' };
    expect(formatLine(formatNotice(warning, UNICODE), 80, UNICODE)).toBe('1:12 ! guard tripped: errors > 50%');
    expect(formatLine(formatNotice({ ...warning, level: 'info' }, ASCII), 80, ASCII)).toBe(
      '1:12 - guard tripped: errors > 50%',
    );
  });

  it('give the first reason of an end, and how many more there are', () => {
    const end = { verdict: 'failed' as const, exitCode: 1, reasons: ['p99 was 900ms', 'errors were 3%', 'x'] };
    expect(formatLine(formatReason(end, UNICODE) ?? [], 80, UNICODE)).toBe('✗ p99 was 900ms (and 2 more)');
    expect(formatReason({ ...end, reasons: [] }, UNICODE)).toBeUndefined();
  });
});

describe('the services of a run', () => {
  const planned = (step: string) =>
    [100, { type: 'step.planned', step, subject: 'service', kind: 'x', target: step, undo: null }] as const;
  const starting = [
    started(),
    planned('gateway'),
    planned('checkout'),
    [900, { type: 'service.ready', service: 'checkout', tookMs: 800 }] as const,
  ];
  const exited = {
    type: 'service.exited',
    service: 'checkout',
    exitCode: 1,
    signal: null,
    expected: false,
    lastOutput: '',
  } as const;
  const format = (events: readonly Timed[], width = 78): string | undefined => {
    const spans = formatServices(progressOf(stamp(...events)), width, UNICODE);
    return spans && formatLine(spans, width, UNICODE);
  };

  it('are shown while they start', () => {
    expect(format(starting)).toBe('services  ○ gateway starting  ✓ checkout ready');
    expect(format(starting, 30)).toBe('services  ○ gateway starting');
  });

  it('are not shown while all is well', () => {
    expect(format([...starting, phase(2_000, 'before')])).toBeUndefined();
    expect(format([...starting, ended(3_000)])).toBeUndefined();
  });

  it('are shown when one has gone by itself', () => {
    expect(format([...starting, phase(2_000, 'before'), [3_000, exited]])).toBe('services  ✗ checkout failed');
  });
});
