import { describe, expect, it } from 'vitest';
import { formatGoJson, shortestFloat32, type GoWritable } from '../../../../src/lib/control/toxiproxy/go-json.ts';

describe('writing JSON as Go does', () => {
  it.each<[GoWritable, string]>([
    [{ b: 1, a: [true, null, 'x'] }, '{"b":1,"a":[true,null,"x"]}'],
    ['<a href="x">&\u2028', '"\\u003ca href=\\"x\\"\\u003e\\u0026\\u2028"'],
    [{ '<': 1 }, '{"\\u003c":1}'],
    [4_611_686_018_427_387_905n, '4611686018427387905'],
    [
      new Map([
        ['2', 'b'],
        ['1', 'a'],
      ]),
      '{"2":"b","1":"a"}',
    ],
    [1e-7, '1e-7'],
    [1e21, '1e+21'],
    ['\b\f\n\u0001ü', '"\\b\\f\\n\\u0001ü"'],
  ])('%o is %s', (value, text) => {
    expect(formatGoJson(value)).toBe(text);
  });

  it.each([
    [1, 1],
    [0, 0],
    [0.1, 0.1],
    [0.3, 0.3],
    [0.123456789, 0.12345679],
    [1 / 3, 0.33333334],
    [-1, -1],
    [7, 7],
  ])('%d as a float32 is shown as %d', (value, shown) => {
    expect(shortestFloat32(value)).toBe(shown);
  });
});
