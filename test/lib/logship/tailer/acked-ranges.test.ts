import { describe, expect, it } from 'vitest';
import { AckedRanges } from '../../../../src/lib/logship/tailer/acked-ranges.ts';

describe('acknowledged ranges', () => {
  it.each<[what: string, ranges: [number, number][], end: number, waiting: number]>([
    [
      'in order',
      [
        [100, 200],
        [200, 250],
      ],
      250,
      0,
    ],
    [
      'out of order',
      [
        [200, 250],
        [100, 200],
      ],
      250,
      0,
    ],
    [
      'with a gap',
      [
        [100, 200],
        [300, 400],
        [250, 300],
      ],
      200,
      2,
    ],
    [
      'backwards',
      [
        [400, 500],
        [300, 400],
        [200, 300],
        [100, 200],
      ],
      500,
      0,
    ],
    [
      'twice',
      [
        [100, 200],
        [100, 200],
        [300, 400],
        [300, 400],
      ],
      200,
      1,
    ],
    [
      'before the start',
      [
        [0, 50],
        [50, 100],
      ],
      100,
      0,
    ],
    ['over the start', [[50, 150]], 150, 0],
    [
      'one within another',
      [
        [200, 400],
        [250, 300],
        [100, 200],
      ],
      400,
      0,
    ],
    [
      'growing ones from one beginning',
      [
        [200, 300],
        [200, 400],
        [100, 200],
      ],
      400,
      0,
    ],
    ['nothing at all', [[100, 100]], 100, 0],
  ])('%s', (_what, ranges, end, waiting) => {
    const acked = new AckedRanges(100);
    for (const [from, to] of ranges) acked.add(from, to);
    expect([acked.end, acked.waiting]).toEqual([end, waiting]);
  });

  it('in every order come to the same end', () => {
    const ranges: [number, number][] = [
      [0, 3],
      [3, 4],
      [4, 9],
      [9, 20],
    ];
    for (const order of permutations(ranges)) {
      const acked = new AckedRanges(0);
      const ends = order.map(([from, to]) => {
        acked.add(from, to);
        return acked.end;
      });
      expect(ends).toEqual([...ends].sort((a, b) => a - b));
      expect(acked.end).toBe(20);
    }
  });

  it('are not kept without bound', () => {
    const acked = new AckedRanges(0);
    expect(() => {
      for (let from = 1; from < 20_002; from += 2) acked.add(from, from + 1);
    }).toThrow('acknowledged ranges wait');
  });
});

function permutations<Value>(values: Value[]): Value[][] {
  if (values.length <= 1) return [values];
  return values.flatMap((value, index) => permutations(values.toSpliced(index, 1)).map((rest) => [value, ...rest]));
}
