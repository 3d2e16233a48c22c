import { describe, expect, it } from 'vitest';
import { startLoad, type LoadOptions } from '../../../../src/lib/experiment/load.ts';
import { BatchBuilder } from '../../../../src/lib/experiment/load/batch.ts';
import type { GeneratorCommand, GeneratorMessage } from '../../../../src/lib/experiment/load/messages.ts';
import type { LoadSpec } from '../../../../src/lib/scenario/scenario.ts';
import type { LoadSummary, Phase } from '../../../../src/lib/events/run-events.ts';
import { FakeClock } from '../../../../src/lib/runtime/fake-clock.ts';

const SPEC: LoadSpec = {
  url: 'http://shop.test/',
  method: 'GET',
  headers: {},
  body: undefined,
  ratePerSecond: 10,
  timeoutMs: 2_000,
  okStatus: [{ from: 200, to: 299 }],
  maxInFlight: 100,
};

/** A load whose generator does what the test says. */
async function start(options: Partial<LoadOptions> = {}) {
  const clock = new FakeClock(50_000);
  const commands: GeneratorCommand[] = [];
  const listeners: ((message: GeneratorMessage) => void)[] = [];
  const enders: ((error: Error | undefined) => void)[] = [];
  const builder = new BatchBuilder();
  let terminated = 0;
  const tell = (message: GeneratorMessage) => listeners.forEach((listener) => listener(message));
  const starting = startLoad(
    SPEC,
    { run: 'r', seed: 1, clock, phaseAt: (ms) => (ms < 1_000 ? 'before' : 'during'), ...options },
    () => ({
      post: (command) => commands.push(command),
      onMessage: (action) => listeners.push(action),
      onEnd: (action) => enders.push(action),
      terminate: () => Promise.resolve(terminated++),
    }),
  );
  tell({ type: 'ready' });
  const load = await starting;
  return {
    clock,
    load,
    commands,
    terminated: () => terminated,
    end: (error?: Error) => enders.forEach((ender) => ender(error)),
    answer: (scheduledMs: number, latencyMs: number, outcome = 'ok', lagMs?: number) => {
      builder.add(scheduledMs, latencyMs, outcome);
      tell({ type: 'batch', ...builder.take([], lagMs) });
    },
    done: (arrivals: number) => tell({ type: 'done', arrivals }),
  };
}

describe('a load under way', () => {
  it('sets the moment of arrival 0 itself, on its own clock', async () => {
    const { clock, load, commands } = await start({ forMs: 3_000 });
    expect(load.startedMs).toBe(clock.monotonicMs() + 5);
    expect(commands).toEqual([{ do: 'start', startSharedMs: expect.any(Number) as number, endMs: 3_000 }]);
  });

  it("asks for phases in the run's time", async () => {
    const asked: number[] = [];
    const phaseAt = (ms: number): Phase => {
      asked.push(ms);
      return 'before';
    };
    const { answer } = await start({ runStartMs: 48_000, phaseAt });
    answer(100, 1);
    expect(asked).toEqual([2_105]);
  });

  it('tells every second what ended in it, also when that is nothing', async () => {
    const seconds: [Phase, LoadSummary][] = [];
    const { clock, answer } = await start({ onSecond: (phase, summary) => seconds.push([phase, summary]) });
    answer(100, 50);
    answer(200, 50, 'http.500');
    await clock.advance(2_500);
    expect(seconds.map(([phase, { sent, ok }]) => [phase, sent, ok])).toEqual([
      ['before', 2, 1],
      ['during', 0, 0],
    ]);
  });

  it('tells of its own lag only when that distorts', async () => {
    const lags: number[] = [];
    const { answer } = await start({ onLag: (lagMs) => lags.push(lagMs) });
    answer(0, 1, 'ok', 20);
    answer(100, 1, 'ok', 21);
    expect(lags).toEqual([21]);
  });

  it('stops: no arrival from now on, and totals once all have ended', async () => {
    const { clock, load, commands, answer, done, terminated } = await start();
    await clock.advance(305);
    const stopping = load.stop();
    expect(commands.at(-1)).toEqual({ do: 'stop', atMs: 300, cutMs: 2_300 });
    answer(0, 10);
    answer(100, 10, 'ECONNREFUSED');
    answer(200, 1_500);
    done(3);
    const totals = await stopping;
    expect(totals).toMatchObject({ sent: 3, ok: 2, failed: 1 });
    expect(totals.phases.map(({ phase }) => phase)).toEqual(['before']);
    expect(terminated()).toBe(1);
    expect(clock.pending).toBe(0);
    expect(await load.stop()).toBe(totals);
    expect(terminated()).toBe(1);
  });

  it('can be stopped more sharply by a second call', async () => {
    const { clock, load, commands, done } = await start();
    await clock.advance(305);
    const stopping = load.stop();
    await clock.advance(100);
    void load.stop(0);
    expect(commands.at(-1)).toEqual({ do: 'stop', atMs: 300, cutMs: 400 });
    done(0);
    await stopping;
  });

  it('counts what a generator that died did not tell as lost', async () => {
    const failures: string[] = [];
    const { clock, load, answer, end } = await start({ onFailure: (error) => failures.push(error.message) });
    answer(0, 10);
    await clock.advance(1_205);
    end(new Error('out of memory'));
    expect(failures).toEqual(['out of memory']);
    const totals = await load.stop();
    expect(totals).toMatchObject({ sent: 12, ok: 1, failed: 11 });
    expect(totals.phases.map(({ phase, summary }) => [phase, summary.errors])).toEqual([
      ['before', { lost: 9 }],
      ['during', { lost: 2 }],
    ]);
    expect(clock.pending).toBe(0);
  });

  it('gives up on a generator that does not answer', async () => {
    const failures: string[] = [];
    const { clock, load } = await start({ onFailure: (error) => failures.push(error.message) });
    await clock.advance(205);
    const stopping = load.stop(500);
    await clock.advance(1_499);
    expect(failures).toEqual([]);
    await clock.advance(1);
    expect(failures).toEqual(['the load generator does not answer']);
    expect(await stopping).toMatchObject({ sent: 2, ok: 0, failed: 2 });
  });

  it('does not start when the thread does not', async () => {
    const starting = startLoad(SPEC, { run: 'r', seed: 1, clock: new FakeClock(), phaseAt: () => 'before' }, () => ({
      post: () => undefined,
      onMessage: () => undefined,
      onEnd: (action) => action(new Error('no such file')),
      terminate: () => Promise.resolve(),
    }));
    await expect(starting).rejects.toThrow('no such file');
  });
});
