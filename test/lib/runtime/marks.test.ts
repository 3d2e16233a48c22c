import { describe, expect, it } from 'vitest';
import { formatFaultMark, runOfFaultMark } from '../../../src/lib/runtime/marks.ts';

describe('fault marks', () => {
  it.each([
    ['r1', 'hog', 'r1/hog'],
    ['2024-a-b', 'a/b c', '2024-a-b/a/b c'],
  ])('of run %s and fault %s name both', (run, id, mark) => {
    expect(formatFaultMark(run, id)).toBe(mark);
    expect(runOfFaultMark(mark)).toBe(run);
  });
});
