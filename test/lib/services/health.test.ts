import { expect, it } from 'vitest';
import { HealthStreak, type Health } from '../../../src/lib/services/health.ts';

/** The health after each result (`+` good, `-` bad), by its first letter. */
function follow(results: string, from: Health, rise: number, fall: number): string {
  const streak = new HealthStreak({ rise, fall });
  let health = from;
  return results
    .split('')
    .map((result) => {
      health = streak.take(result === '+', health) ?? health;
      return { healthy: 'H', unhealthy: 'U', unknown: '?' }[health];
    })
    .join('');
}

it.each([
  ['the first good check of an unknown one decides', 'unknown', '+', 'H'],
  ['bad checks of an unknown one add up like any others', 'unknown', '---', '??U'],
  ['an unknown one needs one good check, also after bad ones', 'unknown', '--+', '??H'],
  ['the very first check decides alone for one that was told to be unhealthy', 'unhealthy', '+', 'H'],
  ['an unhealthy one needs two good ones in a row', 'unhealthy', '-+-++', 'UUUUH'],
  ['one bad check changes nothing', 'healthy', '+-+-+', 'HHHHH'],
  ['two bad ones and a good one begin anew', 'healthy', '--+--+', 'HHHHHH'],
  ['three in a row change it', 'healthy', '+---', 'HHHU'],
  ['a flapping one stays what it was', 'healthy', '+---+-+-+-++', 'HHHUUUUUUUUH'],
] as const)('%s', (_says, from, results, healths) => {
  expect(follow(results, from, 2, 3)).toBe(healths);
});

it('follows other thresholds', () => {
  expect(follow('-+++-', 'healthy', 3, 1)).toBe('UUUHU');
});

it('knows how many were alike', () => {
  const streak = new HealthStreak({ rise: 2, fall: 3 });
  const lengths = [true, true, false, false, false, true].map((isGood) => {
    streak.take(isGood, 'healthy');
    return streak.length;
  });
  expect(lengths).toEqual([1, 2, 1, 2, 3, 1]);
});
