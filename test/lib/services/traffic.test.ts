import { describe, expect, it } from 'vitest';
import { Traffic } from '../../../src/lib/services/traffic.ts';

describe('the traffic of an endpoint', () => {
  it('counts failures and cancelled ones apart; a cancelled one is no latency', () => {
    const traffic = new Traffic();
    traffic.record('ok', 10);
    traffic.record('failed', 10);
    traffic.record('cancelled', 60_000);
    expect(traffic).toMatchObject({ requests: 3, failures: 1, cancelled: 1 });
    expect(traffic.latencyQuantileMs(1)).toBeLessThanOrEqual(16);
  });

  it('knows no latency before the first request', () => {
    expect(new Traffic().latencyQuantileMs(0.5)).toBeUndefined();
  });

  it.each([0.1, 0.3, 1, 7, 120, 4_000, 30_000])('estimates %d ms within a factor of two', (ms) => {
    const traffic = new Traffic();
    for (let i = 0; i < 100; i++) traffic.record('ok', ms);
    const estimate = traffic.latencyQuantileMs(0.5)!;
    expect(estimate / ms).toBeGreaterThan(0.5);
    expect(estimate / ms).toBeLessThanOrEqual(2);
  });

  it('tells a few slow ones from many fast ones', () => {
    const traffic = new Traffic();
    for (let i = 0; i < 98; i++) traffic.record('ok', 3);
    for (let i = 0; i < 2; i++) traffic.record('ok', 900);
    expect(traffic.latencyQuantileMs(0.5)).toBeLessThan(4);
    expect(traffic.latencyQuantileMs(0.99)).toBeGreaterThan(512);
  });

  it('says the last bound of what is beyond it', () => {
    const traffic = new Traffic();
    traffic.record('ok', 1e9);
    expect(traffic.latencyQuantileMs(0.5)).toBe(32_768);
  });
});
