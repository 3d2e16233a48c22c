import { describe, expect, it } from 'vitest';
import { formatSparkline } from '../../../../src/lib/tui/text/sparkline.ts';
import { formatClock, formatSpan } from '../../../../src/lib/tui/text/time.ts';
import { UNICODE } from '../support/themes.ts';

describe('clocks and lengths of time', () => {
  it.each([
    [0, '0:00', '0.0s'],
    [999, '0:00', '0.9s'],
    [3_149, '0:03', '3.1s'],
    [59_999, '0:59', '59.9s'],
    [60_000, '1:00', '1m00s'],
    [3_599_999, '59:59', '59m59s'],
    [3_723_000, '1:02:03', '1h02m'],
    [-5, '0:00', '0.0s'],
  ])('%i ms', (ms, clock, length) => {
    expect(formatClock(ms)).toBe(clock);
    expect(formatSpan(ms)).toBe(length);
  });
});

describe('a sparkline', () => {
  const { levels } = UNICODE.glyphs;

  it('reaches from nothing to the top, and leaves gaps where there is no value', () => {
    expect(formatSparkline([0, 1, 25, 50, undefined, 100, 200], 100, levels)).toBe('▁▁▂▄ ██');
  });

  it('is flat where everything is nothing', () => {
    expect(formatSparkline([0, 0], 0, levels)).toBe('▁▁');
  });
});
