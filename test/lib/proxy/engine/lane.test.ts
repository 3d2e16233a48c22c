import { describe, expect, it } from 'vitest';
import { Lane, MAX_QUEUED_BYTES, MAX_QUEUED_CHUNKS } from '../../../../src/lib/proxy/engine/lane.ts';
import { createDice } from '../../../../src/lib/proxy/dice.ts';
import type { FilterAction } from '../../../../src/lib/proxy/filter.ts';
import { InstalledFilter } from '../../../../src/lib/proxy/installed-filter.ts';
import { FakeClock } from '../../../../src/lib/runtime/fake-clock.ts';

const dice = createDice({ seed: 1, fault: 'f', key: 'connection', index: 0 });

/** A filter whose delays for the chunks to come are given, in ms; nothing for those after. */
function delaying(...delays: readonly (number | 'reset')[]): InstalledFilter {
  let next = 0;
  const onChunk = (): FilterAction | undefined => {
    const delay = delays[next++];
    if (delay === undefined) return undefined;
    return delay === 'reset' ? { do: 'reset' } : { do: 'delay', delayMs: delay };
  };
  const filter = { onConnection: () => ({ do: 'watch' }) as const, onChunk };
  return new InstalledFilter({ id: 'f', kind: 'test', seed: 1, protocol: 'tcp', filter, requested: {} });
}

function lane(...filters: readonly InstalledFilter[]) {
  const clock = new FakeClock();
  const log: string[] = [];
  let isPaused = false;
  let isFull = false;
  let wasCut = false;
  const created = new Lane({
    clock,
    direction: 'upstream',
    source: { pause: () => void (isPaused = true), resume: () => void (isPaused = false) },
    sink: {
      write(chunk) {
        log.push(`${clock.monotonicMs()}:${chunk.toString()}`);
        return !isFull;
      },
      end: () => void log.push(`${clock.monotonicMs()}:end`),
    },
    cut: () => (wasCut = true),
  });
  for (const by of filters) created.watch({ by, dice, touched: false });
  return {
    clock,
    log,
    lane: created,
    isPaused: () => isPaused,
    wasCut: () => wasCut,
    setFull: (full: boolean) => (isFull = full),
    accept: (...texts: readonly string[]) => texts.forEach((text) => created.accept(Buffer.from(text))),
  };
}

describe('a lane', () => {
  it('without a filter passes chunks and the end straight on', () => {
    const { accept, log, lane: tested } = lane();
    accept('a', 'b');
    tested.finish();
    expect(log).toEqual(['0:a', '0:b', '0:end']);
  });

  it('delays each chunk from its arrival, never lets one overtake another, and ends last', async () => {
    const { accept, log, lane: tested, clock } = lane(delaying(100, 20, 100));
    accept('a');
    await clock.advance(10);
    accept('b', 'c');
    tested.finish();
    expect(tested.isFinishing).toBe(true);
    await clock.advance(200);
    expect(log).toEqual(['100:a', '100:b', '110:c', '110:end']);
    expect(tested.isFinishing).toBe(false);
  });

  it('adds up the delays of several filters', async () => {
    const [first, second] = [delaying(100, 100), delaying(30, 50)];
    const { accept, log, clock } = lane(first, second);
    accept('a', 'b');
    await clock.advance(1000);
    expect(log).toEqual(['130:a', '150:b']);
    expect([first, second].map((filter) => filter.effect().touched)).toEqual([1, 1]);
  });

  it('lets everything go when its filter is removed, in order, and then stays out of the way', async () => {
    const [first, second] = [delaying(1000, 1000, 1000), delaying(40)];
    const { accept, log, clock } = lane(first, second);
    accept('a', 'b');
    await clock.advance(10);
    first.remove();
    accept('c');
    await clock.advance(100);
    expect(log).toEqual(['50:a', '50:b', '50:c']);
    accept('d');
    expect(log.at(-1)).toBe('110:d');
    expect(first.held.size).toBe(0);
  });

  it('does not read its source while too many bytes or chunks wait, or the sink is full', async () => {
    const many = lane(delaying(...Array<number>(MAX_QUEUED_CHUNKS).fill(50)));
    for (let i = 0; i < MAX_QUEUED_CHUNKS - 1; i++) many.accept('x');
    expect(many.isPaused()).toBe(false);
    many.accept('x');
    expect(many.isPaused()).toBe(true);
    await many.clock.advance(50);
    expect(many.isPaused()).toBe(false);

    const large = lane(delaying(50));
    large.lane.accept(Buffer.alloc(MAX_QUEUED_BYTES));
    expect(large.isPaused()).toBe(true);
    await large.clock.advance(50);
    expect(large.isPaused()).toBe(false);

    const full = lane();
    full.setFull(true);
    full.accept('x');
    expect(full.isPaused()).toBe(true);
    full.setFull(false);
    full.lane.onDrain();
    expect(full.isPaused()).toBe(false);
  });

  it('cuts the connection when a filter wants that of a chunk', () => {
    const filter = delaying('reset');
    const { accept, wasCut } = lane(filter);
    accept('a');
    expect(wasCut()).toBe(true);
    expect(filter.effect()).toMatchObject({ touched: 1, delivered: { resets: 1 } });
  });

  it('passes nothing on after it is disposed', async () => {
    const filter = delaying(10, 10);
    const { accept, log, lane: tested, clock } = lane(filter);
    accept('a', 'b');
    tested.dispose();
    await clock.advance(100);
    expect(log).toEqual([]);
    expect([filter.held.size, clock.pending]).toEqual([0, 0]);
  });
});
