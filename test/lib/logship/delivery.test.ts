import { describe, expect, it } from 'vitest';
import { Delivery } from '../../../src/lib/logship/delivery.ts';
import { ACCEPTED, type Exporter, type ExportResult } from '../../../src/lib/logship/exporter.ts';
import { FakeClock } from '../../../src/lib/runtime/fake-clock.ts';

const BATCH = { bytes: Buffer.from('x'), records: 1 };
const LATER: ExportResult = { kind: 'later', afterMs: undefined, reason: 'gone' };

function scene(results: readonly ExportResult[], chance = () => 1) {
  const clock = new FakeClock();
  const sentAtMs: number[] = [];
  const delays: number[] = [];
  const exporter: Exporter = {
    name: 'test',
    window: 1,
    send() {
      sentAtMs.push(clock.monotonicMs());
      return Promise.resolve(results[sentAtMs.length - 1] ?? ACCEPTED);
    },
    close: () => Promise.resolve(),
  };
  const delivery = new Delivery(exporter, { clock, chance, onRetry: ({ delayMs }) => delays.push(delayMs) });
  const stop = new AbortController();
  return { clock, delivery, sentAtMs, delays, stop, delivered: delivery.deliver(BATCH, stop.signal) };
}

/** Lets time pass until it is there, and others work meanwhile. */
async function pass<Value>(clock: FakeClock, promise: Promise<Value>): Promise<Value> {
  const state = { isDone: false };
  void promise.then(() => (state.isDone = true));
  for (let seconds = 0; seconds < 5000 && !state.isDone; seconds++) {
    await new Promise(setImmediate);
    await clock.advance(1000);
  }
  return promise;
}

describe('delivery', () => {
  it('sends again until the batch is taken, twice as long apart each time up to half a minute', async () => {
    const { clock, delivery, delivered, delays } = scene(Array.from({ length: 10 }, () => LATER));
    expect(await pass(clock, delivered)).toEqual(ACCEPTED);
    expect(delays).toEqual([250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
    expect(delivery.retries).toBe(10);
  });

  it('spreads the delays over all of that time', async () => {
    const { clock, delivered, delays } = scene([LATER, LATER], () => 0.25);
    await pass(clock, delivered);
    expect(delays).toEqual([62.5, 125]);
  });

  it('waits as long as the receiver asks for, within reason', async () => {
    const asked = (afterMs: number): ExportResult => ({ kind: 'later', afterMs, reason: 'busy' });
    const { clock, delivered, delays } = scene([asked(5000), asked(1e12)], () => 0);
    await pass(clock, delivered);
    expect(delays).toEqual([5000, 600_000]);
  });

  it('does not repeat what was refused', async () => {
    const { delivered, sentAtMs } = scene([{ kind: 'refused', reason: 'no' }]);
    expect(await delivered).toEqual({ kind: 'refused', reason: 'no' });
    expect(sentAtMs).toHaveLength(1);
  });

  it('stops at once when it is told to, while it waits and while it sends', async () => {
    const { delivered, delays, stop } = scene([LATER, LATER]);
    await Promise.resolve();
    await Promise.resolve();
    expect(delays).toHaveLength(1);
    stop.abort();
    expect(await delivered).toEqual({ kind: 'stopped', reason: 'gone' });
  });
});
