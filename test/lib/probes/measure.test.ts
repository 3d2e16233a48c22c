import { describe, expect, it } from 'vitest';
import { cutReason, judged, measureWithin, type Measure } from '../../../src/lib/probes/measure.ts';
import type { ProbeHost } from '../../../src/lib/probes/probe.ts';
import { FakeClock } from '../../../src/lib/runtime/fake-clock.ts';

function hostWith(clock: FakeClock): ProbeHost {
  return { clock, servicePids: () => undefined, directory: '/' };
}

const listening: Measure = (_host, signal) =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error(`${cutReason(signal)} while listening`)));
  });

describe('one measurement', () => {
  it('says how long it took', async () => {
    const clock = new FakeClock();
    const slow: Measure = async (host) => {
      await host.clock.sleep(120);
      return judged('fine', []);
    };
    const measured = measureWithin(slow, hostWith(clock), 1_000);
    await clock.advance(200);
    expect(await measured).toEqual({ ok: true, value: 'fine', tookMs: 120 });
    expect(clock.pending).toBe(0);
  });

  it('is out of tolerance when it throws', async () => {
    const throwing: Measure = () => Promise.reject(new Error('connect ECONNREFUSED 127.0.0.1:1'));
    expect(await measureWithin(throwing, hostWith(new FakeClock()), 1_000)).toEqual({
      ok: false,
      value: '',
      reason: 'connect ECONNREFUSED 127.0.0.1:1',
      tookMs: 0,
    });
  });

  it('is cut at its timeout, and says how far it came', async () => {
    const clock = new FakeClock();
    const measured = measureWithin(listening, hostWith(clock), 2_000);
    await clock.advance(2_000);
    expect(await measured).toMatchObject({ ok: false, reason: 'timed out after 2s while listening', tookMs: 2_000 });
  });

  it('is answered for when it does not react to its timeout', async () => {
    const clock = new FakeClock();
    const deaf: Measure = () => new Promise(() => undefined);
    const measured = measureWithin(deaf, hostWith(clock), 2_000);
    await clock.advance(2_050);
    expect(await measured).toEqual({ ok: false, value: '', reason: 'timed out after 2s', tookMs: 2_050 });
  });

  it('is cut short by the caller, and not begun when the caller has already given up', async () => {
    const clock = new FakeClock();
    const caller = new AbortController();
    const measured = measureWithin(listening, hostWith(clock), 2_000, caller.signal);
    caller.abort();
    expect(await measured).toMatchObject({ ok: false, reason: 'cut short while listening' });
    let begun = false;
    const watching: Measure = async () => {
      begun = true;
      return judged('', []);
    };
    expect(await measureWithin(watching, hostWith(clock), 2_000, caller.signal)).toMatchObject({
      ok: false,
      reason: 'cut short',
    });
    expect(begun).toBe(false);
    expect(clock.pending).toBe(0);
  });

  it('names every tolerance that was broken', () => {
    expect(judged('503 in 1s', ['status', undefined, 'latency'])).toEqual({
      ok: false,
      value: '503 in 1s',
      reason: 'status; latency',
    });
  });
});
