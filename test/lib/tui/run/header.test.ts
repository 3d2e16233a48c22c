import { describe, expect, it } from 'vitest';
import { formatHeader } from '../../../../src/lib/tui/run/header.ts';
import { formatLine } from '../../../../src/lib/tui/text/line.ts';
import type { Theme } from '../../../../src/lib/tui/theme.ts';
import { ASCII, UNICODE } from '../support/themes.ts';
import { PLAN, ended, phase, progressOf, stamp, started, type Timed } from '../support/made-up-run.ts';

const format = (events: readonly Timed[], width: number, theme: Theme = UNICODE): string =>
  formatLine(formatHeader(progressOf(stamp(...events)), { nowMs: 17_900, endMs: 31_000 }, width, theme), width, theme);

const DURING = [started(), phase(5_000, 'during')];

describe('the header of a run', () => {
  it.each([
    [
      118,
      '● during  0:17 of 0:31  checkout survives slow payments                              run 20261123-031647-k3f9  seed 42',
    ],
    [90, '● during  0:17 of 0:31  checkout survives slow payments  run 20261123-031647-k3f9  seed 42'],
    [88, '● during  0:17 of 0:31  checkout survives slow payments         run 20261123-031647-k3f9'],
    [78, '● during  0:17 of 0:31  checkout survives slow paym…  run 20261123-031647-k3f9'],
    [58, '● during  0:17 of 0:31  checkout survives slow payments'],
    [40, '● during  0:17 of 0:31  checkout surviv…'],
    [20, '● during  0:17 of 0…'],
  ])('fits %i cells', (width, line) => {
    expect(format(DURING, width)).toBe(line);
  });

  it.each([
    ['before any phase', [started()], '○ setup  0:17 of 0:31', 'o setup  0:17 of 0:31'],
    ['before the faults', [started(), phase(0, 'before')], '○ before  0:17 of 0:31', 'o before  0:17 of 0:31'],
    ['after them', [started(), phase(0, 'after')], '○ after  0:17 of 0:31', 'o after  0:17 of 0:31'],
    ['passed', [started(), ended(1)], '✓ PASSED  0:17', 'ok PASSED  0:17'],
    ['failed', [started(), ended(1, { verdict: 'failed' })], '✗ FAILED  0:17', 'x FAILED  0:17'],
    ['invalid', [started(), ended(1, { verdict: 'invalid' })], '! INVALID  0:17', '! INVALID  0:17'],
    ['aborted', [started(), ended(1, { verdict: 'aborted' })], '! ABORTED  0:17', '! ABORTED  0:17'],
    ['dirty', [started(), ended(1, { verdict: 'dirty' })], '✗ DIRTY  0:17', 'x DIRTY  0:17'],
  ] as const)('says where a run stands: %s', (_, events, unicode, ascii) => {
    expect(format([...events], 58)).toBe(`${unicode}  ${PLAN.name}`);
    expect(format([...events], 58, ASCII)).toBe(`${ascii}  ${PLAN.name}`);
  });
});
