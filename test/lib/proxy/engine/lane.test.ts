import { describe, expect, it } from 'vitest';
import { createDice } from '../../../../src/lib/proxy/dice.ts';
import { Lane } from '../../../../src/lib/proxy/engine/lane.ts';
import { QueueBudget } from '../../../../src/lib/proxy/engine/queue-budget.ts';
import type { StreamAction, StreamMachine } from '../../../../src/lib/proxy/filter.ts';
import type { InstalledFilter } from '../../../../src/lib/proxy/installed-filter.ts';
import { FakeClock } from '../../../../src/lib/runtime/fake-clock.ts';
import { install, takeAway } from '../install.ts';

const dice = createDice({ seed: 1, fault: 'f', key: 'connection', index: 0 });

/** A machine whose delays for the chunks to come are given, in ms; nothing for those after. */
function delaying(...delays: readonly number[]): StreamMachine {
  let next = 0;
  return {
    onChunk(bytes, nowMs) {
      const delayMs = delays[next++];
      return [
        delayMs === undefined
          ? { do: 'pass', bytes, atMs: nowMs }
          : { do: 'pass', bytes, atMs: nowMs + delayMs, delayed: true },
      ];
    },
  };
}

function doing(onChunk: (chunk: Buffer, nowMs: number) => readonly StreamAction[], more: Partial<StreamMachine> = {}) {
  return { onChunk, ...more } satisfies StreamMachine;
}

function lane(...machines: readonly StreamMachine[]) {
  const clock = new FakeClock();
  const budget = new QueueBudget();
  const log: string[] = [];
  const cuts: string[] = [];
  let isPaused = false;
  let isFull = false;
  const created = new Lane({
    clock,
    budget,
    direction: 'upstream',
    owner: {
      onLaneItem(_direction, item) {
        log.push(`${clock.monotonicMs()}:${item.toString()}`);
        return !isFull;
      },
      onLaneFull: (_direction, full) => (isPaused = full),
      onLaneCut: (by, how) => void cuts.push(`${clock.monotonicMs()}:${how} by ${by.id}`),
    },
  });
  const add = (machine: StreamMachine, scope: unknown = {}): InstalledFilter => {
    const by = install(`f${filters.length}`, {}, scope);
    created.add(by, machine, dice, { isTouched: false });
    return by;
  };
  const filters: InstalledFilter[] = [];
  for (const machine of machines) filters.push(add(machine));
  return {
    clock,
    log,
    cuts,
    budget,
    filters,
    add,
    lane: created,
    isPaused: () => isPaused,
    setFull: (full: boolean) => (isFull = full),
    accept: (...texts: readonly string[]) => texts.forEach((text) => created.accept(Buffer.from(text))),
  };
}

describe('a lane', () => {
  it('without a fault passes chunks and the end straight on', () => {
    const { accept, log, lane: tested } = lane();
    accept('a', 'b');
    tested.accept('end');
    expect(log).toEqual(['0:a', '0:b', '0:end']);
  });

  it('delays each chunk from its arrival, never lets one overtake another, and ends last', async () => {
    const { accept, log, lane: tested, clock } = lane(delaying(100, 20, 100));
    accept('a');
    await clock.advance(10);
    accept('b', 'c');
    tested.accept('end');
    expect(tested.isFinishing).toBe(true);
    await clock.advance(200);
    expect(log).toEqual(['100:a', '100:b', '110:c', '110:end']);
    expect(tested.isFinishing).toBe(false);
  });

  it('lets a reset follow what came before it', async () => {
    const { accept, log, lane: tested, clock } = lane(delaying(50));
    accept('a');
    tested.accept('reset');
    await clock.advance(100);
    expect(log).toEqual(['50:a', '50:reset']);
  });

  it('adds up the delays of several faults', async () => {
    const { accept, log, clock, filters } = lane(delaying(100, 100), delaying(30, 50));
    accept('a', 'b');
    await clock.advance(1000);
    expect(log).toEqual(['130:a', '150:b']);
    expect(filters.map((filter) => filter.effect().touched)).toEqual([1, 1]);
  });

  it('lets everything go when its fault is taken away, in order, and then stays out of the way', async () => {
    const { accept, log, clock, filters, lane: tested } = lane(delaying(1000, 1000, 1000), delaying(40));
    accept('a', 'b');
    await clock.advance(10);
    takeAway(filters[0]!);
    accept('c');
    await clock.advance(100);
    expect(log).toEqual(['50:a', '50:b', '50:c']);
    accept('d');
    expect(log.at(-1)).toBe('110:d');
    expect([filters[0]?.held.size, tested.isIdle]).toEqual([0, false]);
    expect(filters[0]?.effect().delivered).toMatchObject({ cutShort: 2 });
  });

  it('goes on with another machine when the parameters change, which takes over what the first one carries', async () => {
    const { accept, log, clock, filters, lane: tested } = lane({ ...delaying(1000), carry: () => 7 });
    accept('a');
    let carried: unknown;
    tested.retune(filters[0]!, (value) => {
      carried = value;
      return delaying(20);
    });
    accept('b');
    await clock.advance(50);
    expect([log, carried]).toEqual([['0:a', '20:b'], 7]);
  });

  it('drops, closes and resets as the machine says, and counts it', async () => {
    const { accept, log, cuts, clock, filters } = lane(
      doing((chunk, nowMs) =>
        chunk.toString() === 'x'
          ? [{ do: 'drop', bytes: 1 }]
          : [
              { do: 'pass', bytes: chunk, atMs: nowMs },
              { do: chunk.toString() === 'c' ? 'close' : 'reset', atMs: nowMs + 30 },
            ],
      ),
    );
    accept('x', 'c', 'r');
    await clock.advance(100);
    expect(log).toEqual(['0:c', '30:r']);
    expect(cuts).toEqual(['30:close by f0', '30:reset by f0']);
    expect(filters[0]?.effect()).toMatchObject({
      touched: 1,
      delivered: { droppedBytes: 1, droppedChunks: 1, closes: 1, resets: 1 },
    });
  });

  it('holds what only goes on when the fault is taken away, and drops what the fault had in mind', async () => {
    const { accept, log, cuts, clock, filters } = lane(
      doing((bytes, nowMs) => [
        { do: 'reset', atMs: nowMs + 1000 },
        { do: 'hold', bytes },
      ]),
    );
    accept('a', 'b');
    await clock.advance(500);
    expect(log).toEqual([]);
    takeAway(filters[0]!);
    await clock.advance(5000);
    expect([log, cuts]).toEqual([['500:a', '500:b'], []]);
  });

  it('closes the connection when a fault is taken away that has lost its data', async () => {
    const { accept, cuts, clock, filters } = lane(
      doing((chunk) => [{ do: 'drop', bytes: chunk.length }], { closesWhenRemoved: true }),
      doing((bytes, atMs) => [{ do: 'pass', bytes, atMs }], { closesWhenRemoved: true }),
    );
    accept('a');
    takeAway(filters[0]!);
    takeAway(filters[1]!);
    await clock.advance(10);
    expect(cuts).toEqual(['0:close by f0']);
  });

  it('wakes a machine, and counts what it keeps itself', async () => {
    let kept: Buffer[] = [];
    const { accept, log, clock, filters, budget } = lane({
      onChunk(chunk, nowMs) {
        kept.push(chunk);
        return [{ do: 'wake', atMs: nowMs + 25 }];
      },
      onTimer(nowMs) {
        const [bytes = Buffer.alloc(0)] = kept.splice(0, 1);
        return [{ do: 'pass', bytes, atMs: nowMs, delayed: true }];
      },
      get queuedBytes() {
        return kept.reduce((sum, { length }) => sum + length, 0);
      },
      release() {
        const all = kept;
        kept = [];
        return all;
      },
    });
    accept('ab', 'cd');
    expect(budget.heldBytes).toBe(4);
    await clock.advance(25);
    expect([log, budget.heldBytes]).toEqual([['25:ab'], 2]);
    takeAway(filters[0]!);
    await clock.advance(1);
    expect([log, budget.heldBytes]).toEqual([['25:ab', '25:cd'], 0]);
  });

  it('acts only while the window of the fault is open, and keeps the order when it closes', async () => {
    const { accept, log, clock, add } = lane();
    add(delaying(20, 500, 500), { window: { from: '100ms', to: '200ms' } });
    accept('a');
    await clock.advance(150);
    accept('b', 'c');
    await clock.advance(100);
    accept('d');
    expect(log).toEqual(['0:a', '170:b', '250:c', '250:d']);
  });

  it('opens a fault when its window does', async () => {
    const { cuts, clock, add } = lane();
    add(
      doing(() => [], { onOpen: (nowMs) => [{ do: 'reset', atMs: nowMs }] }),
      { window: { from: '100ms' } },
    );
    await clock.advance(99);
    expect(cuts).toEqual([]);
    await clock.advance(1);
    expect(cuts).toEqual(['100:reset by f0']);
  });

  it('does not read its source while too many bytes or pieces wait, or the sink is full', async () => {
    const many = lane(delaying(...Array<number>(16_384).fill(50)));
    for (let i = 0; i < 16_383; i++) many.accept('x');
    expect(many.isPaused()).toBe(false);
    many.accept('x');
    expect(many.isPaused()).toBe(true);
    await many.clock.advance(50);
    expect([many.isPaused(), many.budget.heldBytes]).toEqual([false, 0]);

    const large = lane(delaying(50));
    expect(large.lane.accept(Buffer.alloc(16 * 1_048_576))).toBe(false);
    expect(large.isPaused()).toBe(true);
    await large.clock.advance(50);
    expect(large.isPaused()).toBe(false);

    const scarce = lane(delaying(50));
    scarce.budget.change(256 * 1_048_576);
    expect(scarce.lane.accept(Buffer.alloc(262_144))).toBe(false);

    const full = lane();
    full.setFull(true);
    full.accept('x');
    expect(full.isPaused()).toBe(true);
    full.setFull(false);
    full.lane.onDrain();
    expect(full.isPaused()).toBe(false);
  });

  it('passes nothing on after it is disposed', async () => {
    const { accept, log, lane: tested, clock, filters, budget } = lane(delaying(10, 10));
    accept('a', 'b');
    tested.dispose();
    await clock.advance(100);
    expect(log).toEqual([]);
    expect([filters[0]?.held.size, clock.pending, budget.heldBytes]).toEqual([0, 0, 0]);
  });
});
