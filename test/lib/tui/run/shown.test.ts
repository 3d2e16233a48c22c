import { describe, expect, it } from 'vitest';
import { chooseShown, countWords, shareLines } from '../../../../src/lib/tui/run/shown.ts';

describe('choosing what is shown of a long list', () => {
  const urgency = (row: string): number => (row.endsWith('!') ? 1 : 0);

  it.each([
    [['a', 'b', 'c'], 3, ['a', 'b', 'c'], []],
    [['a', 'b', 'c'], 2, ['a'], ['b', 'c']],
    [['a', 'b', 'c!', 'd'], 2, ['c!'], ['a', 'b', 'd']],
    [['a', 'b', 'c!', 'd', 'e'], 3, ['a', 'c!'], ['b', 'd', 'e']],
    [['a', 'b'], 1, [], ['a', 'b']],
    [['a', 'b'], 0, [], ['a', 'b']],
  ])('of %j in %i lines', (rows, lines, shown, rest) => {
    expect(chooseShown(rows, lines, urgency)).toEqual({ rows: shown, rest });
  });

  it.each([
    [10, 3, 4, [3, 4]],
    [10, 3, 40, [3, 7]],
    [10, 40, 3, [7, 3]],
    [11, 40, 40, [5, 6]],
    [0, 5, 5, [0, 0]],
  ])('shares %i lines between %i and %i', (lines, first, second, shares) => {
    expect(shareLines(lines, first, second)).toEqual(shares);
  });

  it('counts what is left by its words', () => {
    expect(countWords(['waiting', 'reverted', 'waiting'])).toBe('2 waiting, 1 reverted');
  });
});
