import { describe, expect, it } from 'vitest';
import type { ProbeProgress } from '../../../../src/lib/experiment/progress.ts';
import { formatProbe } from '../../../../src/lib/tui/run/probe-row.ts';
import { formatLine } from '../../../../src/lib/tui/text/line.ts';
import { displayWidth } from '../../../../src/lib/tui/text/width.ts';
import type { Theme } from '../../../../src/lib/tui/theme.ts';
import { ASCII, UNICODE } from '../support/themes.ts';

const HOLDS: ProbeProgress = {
  kind: 'http',
  ok: true,
  counts: true,
  value: '200 in 12ms',
  reason: undefined,
  history: [true, true, false, true],
};
const FAILS: ProbeProgress = {
  ...HOLDS,
  ok: false,
  value: '503 in 3ms',
  reason: 'status is 503, not 200',
  history: [true, false],
};

const format = (name: string, result: ProbeProgress | undefined, width: number, theme: Theme = UNICODE): string =>
  formatLine(formatProbe({ name, result }, 14, width, theme), width, theme);

describe('a probe', () => {
  it.each([
    [58, '✓ holds  home answers           ··✗·  200 in 12ms'],
    [78, '✓ holds  home answers                 ··✗·  200 in 12ms'],
    [118, '✓ holds  home answers                              ··✗·  200 in 12ms'],
    [198, '✓ holds  home answers                              ··✗·  200 in 12ms'],
    [40, '✓ holds  home answers     ··✗·  200 in …'],
  ])('fits %i cells', (width, line) => {
    expect(format('home answers', HOLDS, width)).toBe(line);
  });

  it.each<[string, ProbeProgress | undefined, string, string]>([
    ['waits for its first result', undefined, '○ waits  home', 'o  waits  home'],
    [
      'is out of tolerance',
      FAILS,
      '✗ fails  home                         ·✗  status is 503, not 200',
      'x  fails  home                        .x  status is 503, not 200',
    ],
    [
      'is out of tolerance where only watched',
      { ...FAILS, counts: false },
      '! fails  home                         ·✗  status is 503, not 200',
      '!  fails  home                        .x  status is 503, not 200',
    ],
    [
      'is only watched',
      { ...HOLDS, counts: false },
      '✓ holds  home                       ··✗·  200 in 12ms  (watched only)',
      'ok holds  home                      ..x.  200 in 12ms  (watched only)',
    ],
  ])('that %s says so by mark and word', (_, result, unicode, ascii) => {
    expect(format('home', result, 70)).toBe(unicode);
    expect(format('home', result, 70, ASCII)).toBe(ascii);
  });

  it('shows the newest results of a long history, at the right', () => {
    const history = [...Array.from({ length: 100 }, () => true), false];
    expect(format('home', { ...HOLDS, history }, 80)).toContain(`${'·'.repeat(17)}✗  200 in 12ms`);
  });

  it('keeps its columns whatever the name is made of', () => {
    const column = (name: string): number => displayWidth(format(name, HOLDS, 80).split('✗')[0] ?? '');
    expect(format('朝の検査', HOLDS, 80)).toBe('✓ holds  朝の検査                      ··✗·  200 in 12ms');
    expect(column('a very long name indeed')).toBe(column('short'));
  });

  it('shows what a service answered without its controls', () => {
    expect(format('home', { ...FAILS, reason: 'body is \u001b[2J\u0007"<html>"' }, 80)).toMatch(
      / {2}body is "<html>"$/,
    );
  });
});
