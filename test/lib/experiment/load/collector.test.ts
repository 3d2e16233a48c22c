import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import { describe, expect, it } from 'vitest';
import { BatchBuilder } from '../../../../src/lib/experiment/load/batch.ts';
import { LoadCollector } from '../../../../src/lib/experiment/load/collector.ts';
import { mergedLoad } from '../../../../src/lib/experiment/load/merge.ts';

function createCollector(): LoadCollector {
  return new LoadCollector({
    ratePerSecond: 100,
    phaseAt: (ms) => (ms < 1_000 ? 'before' : ms < 3_000 ? 'during' : 'after'),
    longestWindowMs: 10_000,
  });
}

/** Requests 10 ms apart from `fromMs`; their latencies in ms in turn. */
function batchOf(
  builder: BatchBuilder,
  fromMs: number,
  latenciesMs: readonly number[],
  outcome = 'ok',
  open: number[] = [],
) {
  latenciesMs.forEach((latencyMs, i) => builder.add(fromMs + i * 10, latencyMs, outcome));
  return builder.take(open, undefined);
}

const ascending = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

describe('what the load adds up to', () => {
  it('goes by the phase in which each request was scheduled, however late it ended', () => {
    const collector = createCollector();
    const builder = new BatchBuilder();
    collector.add(batchOf(builder, 0, ascending(100)));
    collector.add(batchOf(builder, 990, [2_500, 7]));
    const [before, during] = collector.phases();
    expect(before).toMatchObject({ phase: 'before', seconds: 1.01, summary: { sent: 101, ok: 101, errorRatio: 0 } });
    expect(before?.summary.latency).toMatchObject({ count: 101, minMs: 1, maxMs: 2_500 });
    expect(during).toMatchObject({ phase: 'during', seconds: 0.01, summary: { sent: 1 } });
  });

  it('names what failed, most frequent first; sent is ok and all failures', () => {
    const collector = createCollector();
    const builder = new BatchBuilder();
    collector.add(batchOf(builder, 0, [1, 1, 1]));
    collector.add(batchOf(builder, 30, [1, 1], 'http.503'));
    collector.add(batchOf(builder, 50, [500], 'timeout'));
    collector.add(batchOf(builder, 60, [1], 'http.503'));
    const summary = collector.phases()[0]!.summary;
    expect(Object.entries(summary.errors)).toEqual([
      ['http.503', 3],
      ['timeout', 1],
    ]);
    expect(summary).toMatchObject({ sent: 7, ok: 3, errorRatio: 4 / 7, latency: { count: 7 } });
  });

  it('gives quantiles that are true to three digits, and a histogram that others can read', () => {
    const collector = createCollector();
    collector.add(
      batchOf(
        new BatchBuilder(),
        0,
        ascending(99).map((n) => n * 7.3),
      ),
    );
    const { summary, histogram } = collector.phases()[0]!;
    for (const [name, exact] of [
      ['p50Ms', 50 * 7.3],
      ['p90Ms', 90 * 7.3],
      ['p99Ms', 99 * 7.3],
      ['maxMs', 99 * 7.3],
      ['meanMs', 50 * 7.3],
    ] as const) {
      expect(Math.abs(summary.latency[name] / exact - 1)).toBeLessThan(0.001);
    }
    const decoded = decodeFromCompressedBase64(histogram, 32, false);
    expect(decoded.totalCount).toBe(99);
    expect(Math.abs(decoded.getValueAtPercentile(50) / 365_000 - 1)).toBeLessThan(0.001);
  });

  it('keeps a latency beyond ten minutes as ten minutes', () => {
    const collector = createCollector();
    collector.add(batchOf(new BatchBuilder(), 0, [3_600_000, 0]));
    const { latency } = collector.phases()[0]!.summary;
    expect(latency.count).toBe(2);
    expect(latency.p99Ms).toBeCloseTo(600_000, -3);
  });

  it('counts requests that nobody will hear of again as lost', () => {
    const collector = createCollector();
    collector.add(batchOf(new BatchBuilder(), 0, [1, 1]));
    collector.addLost([20, 1_030], 1_530);
    expect(collector.received).toBe(4);
    const [before, during] = collector.phases();
    expect(before?.summary).toMatchObject({ sent: 3, ok: 2, errors: { lost: 1 } });
    expect(during?.summary).toMatchObject({ sent: 1, errors: { lost: 1 }, latency: { maxMs: 500 } });
  });

  it('tells a thousand outcomes apart and then no more', () => {
    const collector = createCollector();
    const builder = new BatchBuilder();
    for (let i = 0; i < 1_500; i++) builder.add(0, 1, `error ${i}`);
    collector.add(builder.take([], undefined));
    const { errors, sent } = collector.phases()[0]!.summary;
    expect(Object.keys(errors)).toHaveLength(1_000);
    expect(errors.other).toBe(501);
    expect(sent).toBe(1_500);
  });

  it('has no phases and an empty window before the first request', () => {
    const collector = createCollector();
    expect(collector.phases()).toEqual([]);
    expect(collector.recent(1_000, 1_000)).toMatchObject({
      sent: 0,
      ok: 0,
      errors: {},
      errorRatio: 0,
      latency: { count: 0, p99Ms: 0 },
    });
  });
});

describe('phases put together', () => {
  it('have the quantiles of all their requests, not the mean of quantiles', () => {
    const collector = createCollector();
    const builder = new BatchBuilder();
    collector.add(batchOf(builder, 0, ascending(90)));
    collector.add(
      batchOf(
        builder,
        1_000,
        ascending(10).map((n) => n * 1_000),
        'http.500',
      ),
    );
    const [before, during] = collector.phases();
    const { seconds, summary } = mergedLoad([before!, during!]);
    expect(seconds).toBeCloseTo(1, 9);
    expect(summary).toMatchObject({ sent: 100, ok: 90, errors: { 'http.500': 10 }, errorRatio: 0.1 });
    expect(summary.latency).toMatchObject({ count: 100, minMs: 1, maxMs: 10_000 });
    expect(summary.latency.p50Ms).toBeCloseTo(50, 0);
    expect(summary.latency.p99Ms / 9_000).toBeCloseTo(1, 2);
    expect(summary.latency.meanMs).toBeCloseTo((45.5 * 90 + 5_500 * 10) / 100, 6);
  });

  it('may be empty', () => {
    expect(mergedLoad([])).toMatchObject({ seconds: 0, summary: { sent: 0, latency: { count: 0 } } });
  });
});

describe('the last seconds', () => {
  it('hold the requests that ended in them', () => {
    const collector = createCollector();
    const builder = new BatchBuilder();
    collector.add(batchOf(builder, 0, [100, 100]));
    collector.add(batchOf(builder, 1_000, [900, 300], 'timeout'));
    expect(collector.recent(2_000, 1_000)).toMatchObject({
      sent: 2,
      errors: { timeout: 2 },
      errorRatio: 1,
      latency: { minMs: 300, maxMs: 900 },
    });
    expect(collector.recent(2_000, 2_000)).toMatchObject({ sent: 4, ok: 2 });
    expect(collector.recent(9_000, 1_000)).toMatchObject({ sent: 0 });
  });

  it('are not blind while everything hangs: open requests count with their age', () => {
    const collector = createCollector();
    const builder = new BatchBuilder();
    collector.add(batchOf(builder, 0, [5, 5, 5]));
    collector.add(batchOf(builder, 30, [], 'ok', [1_000, 2_000, 3_000]));
    expect(collector.recent(4_000, 1_000)).toMatchObject({
      sent: 0,
      latency: { count: 3, minMs: 1_000, p50Ms: 2_000, maxMs: 3_000 },
    });
  });

  it('do not look faster for requests that have only just been open', () => {
    const collector = createCollector();
    const builder = new BatchBuilder();
    collector.add(
      batchOf(
        builder,
        0,
        Array.from({ length: 100 }, () => 800),
        'ok',
        [1_500, 600],
      ),
    );
    const { latency } = collector.recent(1_900, 10_000);
    expect(latency).toMatchObject({ count: 101, minMs: 800, maxMs: 1_300 });
  });

  it('forget what is over, however long the run', () => {
    const collector = createCollector();
    const builder = new BatchBuilder();
    for (let second = 0; second < 300; second++) {
      collector.add(batchOf(builder, second * 1_000, ascending(100)));
      expect(collector.recent((second + 1) * 1_000 + 100, 1_000).sent).toBeLessThanOrEqual(110);
    }
    expect(collector.recent(300_100, 10_000).sent).toBeGreaterThan(950);
    expect(collector.recent(300_100, 10_000).sent).toBeLessThanOrEqual(1_010);
  });
});
