import { describe, expect, it } from 'vitest';
import { RecentTraffic } from '../../../src/lib/services/recent-traffic.ts';
import { Traffic } from '../../../src/lib/services/traffic.ts';

describe('the traffic of an endpoint', () => {
  it('counts failures and cancelled ones apart; a cancelled one is no latency', () => {
    const traffic = new Traffic();
    traffic.record('ok', 10);
    traffic.record('failed', 10);
    traffic.record('cancelled', 60_000);
    expect(traffic).toMatchObject({ requests: 3, failures: 1, cancelled: 1 });
    expect(traffic.latency.count).toBe(2);
  });
});

describe('recent traffic', () => {
  it('is quiet without requests', () => {
    const recent = new RecentTraffic(0);
    const traffic = new Traffic();
    expect(recent.rates(traffic, 0)).toEqual({
      ratePerSecond: 0,
      errorRatio: undefined,
      p50Ms: undefined,
      p99Ms: undefined,
    });
    recent.look(traffic, 0);
    expect(recent.rates(traffic, 1000)).toMatchObject({ ratePerSecond: 0, errorRatio: undefined, p99Ms: undefined });
  });

  it('tells rate, error ratio and quantiles since the oldest look', () => {
    const recent = new RecentTraffic(1000);
    const traffic = new Traffic();
    for (let i = 0; i < 95; i++) traffic.record('ok', 4);
    for (let i = 0; i < 5; i++) traffic.record('failed', 900);
    const { ratePerSecond, errorRatio, p50Ms, p99Ms } = recent.rates(traffic, 3000);
    expect(ratePerSecond).toBe(50);
    expect(errorRatio).toBe(0.05);
    expect(p50Ms).toBeCloseTo(4, 0);
    expect(p99Ms! / 900).toBeGreaterThan(0.93);
    expect(p99Ms! / 900).toBeLessThan(1.07);
  });

  it('counts from nothing what came before the first look', () => {
    const recent = new RecentTraffic(0);
    const traffic = new Traffic();
    traffic.record('ok', 4);
    expect(recent.rates(traffic, 500)).toMatchObject({ ratePerSecond: 2, errorRatio: 0 });
    recent.look(traffic, 1000);
    expect(recent.rates(traffic, 2000)).toMatchObject({ ratePerSecond: 0.5 });
  });

  it('forgets what is longer ago than ten seconds', () => {
    const recent = new RecentTraffic(0);
    const traffic = new Traffic();
    for (let i = 0; i < 100; i++) traffic.record('failed', 900);
    for (let second = 1; second <= 11; second++) {
      recent.look(traffic, second * 1000);
      traffic.record('ok', 2);
    }
    const { ratePerSecond, errorRatio, p99Ms } = recent.rates(traffic, 11_000);
    expect(ratePerSecond).toBe(1.1);
    expect(errorRatio).toBe(0);
    expect(p99Ms).toBeLessThan(3);
  });
});
