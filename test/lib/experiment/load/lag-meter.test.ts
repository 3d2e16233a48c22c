import { describe, expect, it } from 'vitest';
import { LagMeter } from '../../../../src/lib/experiment/load/lag-meter.ts';
import { quantile } from '../../../../src/lib/experiment/load/quantile.ts';

describe('a quantile', () => {
  it.each([
    [[], 0.5, 0],
    [[7], 0, 7],
    [[7], 1, 7],
    [[1, 2, 3, 4], 0.5, 2],
    [[1, 2, 3, 4], 0.51, 3],
    [[1, 2, 3, 4], 0.99, 4],
  ])('of %j at %d is %d', (values, share, expected) => {
    expect(quantile(Float64Array.from(values), share)).toBe(expected);
  });
});

describe("the generator's own lag", () => {
  it('is told once a second is over, as its p99', () => {
    const meter = new LagMeter();
    for (let i = 0; i < 100; i++) meter.add(i * 10, i === 99 ? 80 : i === 98 ? 30 : 1);
    expect(meter.take(990)).toBeUndefined();
    expect(meter.take(1_000)).toBe(30);
    expect(meter.take(1_100)).toBeUndefined();
    meter.add(2_500, 5);
    expect(meter.take(3_000)).toBe(5);
  });
});
