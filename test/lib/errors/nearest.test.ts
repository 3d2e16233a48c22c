import { describe, expect, it } from 'vitest';
import { editDistance, nearest } from '../../../src/lib/errors/nearest.ts';

describe('the nearest word', () => {
  const verbs = ['run', 'plan', 'validate', 'list', 'show', 'rollback'];

  it.each([
    ['validte', 'validate'],
    ['rnu', 'run'],
    ['rollbak', 'rollback'],
    ['LIST', 'list'],
    ['shows', 'show'],
  ])('to %s is %s', (word, meant) => expect(nearest(word, verbs)).toBe(meant));

  it.each([['xyz'], [''], ['doctor'], ['validation-of-everything']])('to %j is none', (word) => {
    expect(nearest(word, verbs)).toBeUndefined();
  });

  it('is the first of equals, and none of none', () => {
    expect(nearest('cat', ['bat', 'hat'])).toBe('bat');
    expect(nearest('cat', [])).toBeUndefined();
  });

  it('takes no time on texts of any length', () => {
    expect(nearest('a'.repeat(1e6), ['b'.repeat(1e6)])).toBeUndefined();
  });
});

describe('the distance between words', () => {
  it.each([
    ['', '', 0],
    ['', 'abc', 3],
    ['abc', '', 3],
    ['abc', 'abc', 0],
    ['abc', 'abd', 1],
    ['abc', 'acb', 1],
    ['abc', 'ac', 1],
    ['kitten', 'sitting', 3],
    ['ca', 'abc', 3],
  ])('%j to %j is %i', (from, to, distance) => {
    expect(editDistance(from, to)).toBe(distance);
    expect(editDistance(to, from)).toBe(distance);
  });
});
