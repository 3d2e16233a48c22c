import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../src/lib/events/json.ts';
import { effectFacts } from '../../../../src/lib/tui/run/effect-facts.ts';

describe('what a fault delivered next to what was asked', () => {
  it.each<[string, JsonObject, JsonObject, string[]]>([
    [
      'quantiles first',
      { delayMs: 400, percent: 30 },
      { percent: 29.7, delayMs: { p50: 401.3, p99: 420 } },
      ['p50 401ms asked 400ms', '29.7% asked 30%'],
    ],
    [
      'what was not asked last, by its name',
      { percent: 80, cores: 2 },
      { cpuSeconds: 2.106, percent: 79.3 },
      ['79.3% asked 80%', 'cpu 2.11s'],
    ],
    [
      'sizes and rates',
      { limitBytes: 2048, ratePerSecond: 10 },
      { limitBytes: 2000, ratePerSecond: 9.5 },
      ['2KiB asked 2KiB', '9.5/s asked 10/s'],
    ],
    [
      'a number without a unit by its name',
      { status: 503 },
      { status: 503, bodiesCut: 3 },
      ['status 503 asked 503', 'bodies cut 3'],
    ],
    ['nothing for what is no number', { match: { path: '/x' } }, { match: 'x', list: [1], none: null }, []],
    [
      'a share of something',
      { percentOfCore: 3 },
      { percentOfCore: 3.02, waitPercent: 116.5 },
      ['3% asked 3%', 'wait 116.5%'],
    ],
    ['a ratio as a share', { lossRatio: 0.25 }, { lossRatio: 0.247 }, ['24.7% asked 25%']],
  ])('%s', (_, requested, delivered, facts) => {
    expect(effectFacts({ requested, delivered })).toEqual(facts);
  });
});
