import { describe, expect, it } from 'vitest';
import { readRows, type Row } from '../../../../src/lib/experiment/load/batch.ts';
import { Generator, type GeneratorPlan } from '../../../../src/lib/experiment/load/generator.ts';
import type { Batch } from '../../../../src/lib/experiment/load/messages.ts';
import { FakeClock } from '../../../../src/lib/runtime/fake-clock.ts';

interface Sent {
  readonly index: number;
  readonly atMs: number;
  isCut: boolean;
}

/** A generator in front of a service that answers after `answerMs(index)`; never, when that is undefined. */
function createBench(plan: Partial<GeneratorPlan>, answerMs: (index: number) => number | undefined) {
  const clock = new FakeClock(1_000);
  const sent: Sent[] = [];
  const batches: Batch[] = [];
  const ended: number[] = [];
  let most = 0;
  let open = 0;
  const generator = new Generator(
    { ratePerSecond: 100, timeoutMs: 500, maxInFlight: 1_000, startMs: 1_000, endMs: undefined, ...plan },
    {
      clock,
      send(index, done) {
        const request: Sent = { index, atMs: clock.monotonicMs() - 1_000, isCut: false };
        sent.push(request);
        most = Math.max(most, ++open);
        const land = (outcome: string) => {
          open--;
          done(outcome);
        };
        const delayMs = answerMs(index);
        const cancel = delayMs === undefined ? () => undefined : clock.after(delayMs, () => land('ok'));
        return () => {
          request.isCut = true;
          cancel();
          open--;
        };
      },
      post: (batch) => batches.push(batch),
      done: (arrivals) => ended.push(arrivals),
    },
  );
  const rows = (): (Row & { outcome: string })[] => {
    const names = batches.flatMap((batch) => batch.names);
    return batches.flatMap((batch) => [...readRows(batch.rows)].map((row) => ({ ...row, outcome: names[row.code]! })));
  };
  const outcomes = () => {
    const counts: Record<string, number> = {};
    for (const { outcome } of rows()) counts[outcome] = (counts[outcome] ?? 0) + 1;
    return counts;
  };
  return { clock, generator, sent, batches, ended, rows, outcomes, most: () => most };
}

describe('the load generator', () => {
  it('sends each arrival at its moment, exactly as many as fit before the end', async () => {
    const { clock, sent, ended, outcomes } = createBench({ endMs: 3_000 }, () => 4);
    await clock.advance(5_000);
    expect(sent.map(({ index, atMs }) => [index, atMs])).toEqual(Array.from({ length: 300 }, (_, i) => [i, i * 10]));
    expect(ended).toEqual([300]);
    expect(outcomes()).toEqual({ ok: 300 });
    expect(clock.pending).toBe(0);
  });

  it('goes on sending when the service stalls: an open loop', async () => {
    const { clock, rows, most } = createBench({ endMs: 1_000 }, () => 400);
    await clock.advance(2_000);
    expect(most()).toBe(40);
    expect(rows().every((row) => row.latencyUs === 400_000)).toBe(true);
  });

  it('counts latency from the scheduled moment when it was itself held up', async () => {
    const { clock, rows, sent } = createBench({ endMs: 100 }, () => 5);
    // 60 ms pass at once, as when the thread is not scheduled.
    hurry(clock, 60);
    await clock.advance(200);
    expect(sent.slice(0, 8).map(({ atMs }) => atMs)).toEqual([60, 60, 60, 60, 60, 60, 60, 70]);
    expect(
      rows()
        .slice(0, 8)
        .map(({ latencyUs }) => latencyUs / 1_000),
    ).toEqual([65, 55, 45, 35, 25, 15, 5, 5]);
  });

  it('gives a request up at its timeout, and cuts it', async () => {
    const { clock, sent, rows, outcomes } = createBench({ endMs: 100 }, (index) => (index === 3 ? undefined : 1));
    await clock.advance(1_000);
    expect(outcomes()).toEqual({ ok: 9, timeout: 1 });
    expect(rows().find((row) => row.outcome === 'timeout')).toMatchObject({ scheduledMs: 30, latencyUs: 500_000 });
    expect(sent.filter(({ isCut }) => isCut).map(({ index }) => index)).toEqual([3]);
  });

  it('does not send beyond the limit of open requests, and counts that as a failure that took the whole timeout', async () => {
    const { clock, sent, rows, outcomes, most } = createBench({ endMs: 200, maxInFlight: 5 }, () => undefined);
    await clock.advance(1_000);
    expect(sent).toHaveLength(5);
    expect(most()).toBe(5);
    expect(outcomes()).toEqual({ overload: 15, timeout: 5 });
    expect(rows().every((row) => row.latencyUs === 500_000)).toBe(true);
  });

  it('makes those arrivals that were scheduled before it is stopped, and waits for them', async () => {
    const { clock, generator, sent, ended, outcomes } = createBench({}, () => 300);
    await clock.advance(95);
    generator.stop(95, 95 + 500);
    await clock.advance(200);
    expect(sent).toHaveLength(10);
    expect(ended).toEqual([]);
    await clock.advance(300);
    expect(ended).toEqual([10]);
    expect(outcomes()).toEqual({ ok: 10 });
  });

  it('cuts what is still open when the time to stop is over', async () => {
    const { clock, generator, sent, ended, outcomes } = createBench({}, (index) => (index < 5 ? 1 : undefined));
    await clock.advance(95);
    generator.stop(95, 95 + 50);
    await clock.advance(49);
    expect(ended).toEqual([]);
    await clock.advance(2);
    expect(ended).toEqual([10]);
    expect(outcomes()).toEqual({ ok: 5, cut: 5 });
    expect(sent.filter(({ isCut }) => isCut)).toHaveLength(5);
  });

  it('can be stopped more sharply, not less', async () => {
    const { clock, generator, ended } = createBench({ timeoutMs: 60_000 }, () => undefined);
    await clock.advance(95);
    generator.stop(95, 60_000);
    generator.stop(95, 100);
    generator.stop(95, 60_000);
    await clock.advance(10);
    expect(ended).toEqual([10]);
  });

  it('ends at once when nothing was ever due', async () => {
    const { clock, generator, ended } = createBench({ startMs: 2_000 }, () => 1);
    generator.stop(-900, 0);
    await clock.advance(1);
    expect(ended).toEqual([0]);
  });

  it('posts every 100 ms, and tells of requests that have been open for long', async () => {
    const { clock, batches } = createBench({ timeoutMs: 5_000 }, (index) => (index % 10 === 0 ? undefined : 1));
    await clock.advance(1_050);
    expect(batches).toHaveLength(10);
    expect([...batches[1]!.open]).toEqual([]);
    expect([...batches[9]!.open]).toEqual([0, 100, 200, 300, 400, 500, 600, 700]);
  });

  it('sends a great many that fall due at once in portions, so that answers are read in between', async () => {
    const sentAtAnswer: number[] = [];
    const bench = createBench({ ratePerSecond: 10_000, maxInFlight: 10_000, endMs: 100 }, (index) => {
      if (index % 200 === 0) bench.clock.after(0, () => sentAtAnswer.push(bench.sent.length));
      return 1;
    });
    hurry(bench.clock, 100);
    await bench.clock.advance(0);
    expect(sentAtAnswer).toEqual([200, 400, 600, 800, 1_000]);
    await bench.clock.advance(1_000);
    expect(bench.outcomes()).toEqual({ ok: 1_000 });
  });
});

/** Lets time pass without anything running meanwhile. */
function hurry(clock: FakeClock, byMs: number): void {
  const now = clock.monotonicMs.bind(clock);
  clock.monotonicMs = () => now() + byMs;
}
