import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Json } from '../../src/lib/events/json.ts';
import type { BoundFault, InjectionContext } from '../../src/lib/faults/fault.ts';
import { until } from '../support/until.ts';
import { FAULT_ROWS, newRun, type FaultRow, type Scene } from './fault-rows.ts';
import { UNCOVERED_KINDS } from './filter-rows.ts';

// What every kind of fault promises, whatever it does: fault-rows.ts holds the kinds.

/** The journal keeps an undo in one small record. */
const LIMIT_UNDO_BYTES = 3_500;
/** An injection that was called off says so within this time, on a busy machine as well. */
const LIMIT_ABORT_MS = 1_000;

interface Case extends Scene {
  readonly bound: BoundFault;
  readonly context: InjectionContext;
  readonly before: string;
  readonly inject: (undo: Json, signal?: AbortSignal) => Promise<void>;
  readonly revert: (undo: Json) => Promise<void>;
}

async function open(row: FaultRow): Promise<Case> {
  const run = newRun();
  const scene = await row.setUp({ run });
  const context = { run, id: 'fault-1', seed: 42, limitMs: 20_000 };
  const bound = row.kind.bind(row.params, scene.target);
  const undos: Json[] = [];
  // Whatever a test does wrong, the machine is left as it was found.
  onTestFinished(async () => {
    for (const undo of undos) await row.kind.revert(undo, scene.host);
  });
  return {
    ...scene,
    bound,
    context,
    before: scene.fingerprint(),
    async inject(undo, signal = new AbortController().signal) {
      undos.push(undo);
      await bound.inject(undo, scene.host, context, signal);
    },
    revert: (undo) => row.kind.revert(undo, scene.host),
  };
}

const throughTheJournal = (undo: Json): Json => JSON.parse(JSON.stringify(undo)) as Json;

it('every filter of the proxy has a row', () => {
  expect(UNCOVERED_KINDS).toEqual([]);
});

describe.each(FAULT_ROWS)('the fault $name', (row) => {
  const { kind, needs } = row;
  afterEach(() => expect.hasAssertions());

  needs.it('can work here', async () => {
    const { bound, host } = await open(row);
    expect(await bound.check(host)).toEqual({ ok: true });
    expect(kind.availability?.(host).every(({ check }) => check.ok)).toBe(true);
  });

  needs.it('changes nothing by being checked and planned', async () => {
    const { bound, host, context, before, fingerprint } = await open(row);
    await bound.check(host);
    const undo = await bound.plan(host, context);
    expect(fingerprint()).toBe(before);
    expect(await kind.isInForce(undo, host)).toBe(false);
  });

  needs.it('has an undo that is small, plain data, and can be told in words', async () => {
    const { bound, host, context } = await open(row);
    const undo = await bound.plan(host, context);
    expect(throughTheJournal(undo)).toEqual(undo);
    expect(Buffer.byteLength(JSON.stringify(undo))).toBeLessThan(LIMIT_UNDO_BYTES);
    expect(kind.describeUndo(undo)).toMatch(/\w+ \w+/);
  });

  needs.it('can be reverted before it was injected', async () => {
    const { bound, host, context, before, fingerprint, revert } = await open(row);
    await revert(await bound.plan(host, context));
    expect(fingerprint()).toBe(before);
  });

  needs.it('changes something, and is put back exactly from the journaled undo, twice', async () => {
    const { bound, host, context, before, fingerprint, inject, revert } = await open(row);
    const undo = await bound.plan(host, context);
    await inject(undo);
    expect(fingerprint()).not.toBe(before);
    expect(await kind.isInForce(undo, host)).toBe(true);

    await revert(throughTheJournal(undo));
    expect(fingerprint()).toBe(before);
    expect(await kind.isInForce(undo, host)).toBe(false);

    await revert(throughTheJournal(undo));
    expect(fingerprint()).toBe(before);
  });

  needs.it('can be reverted by two at once', async () => {
    const { bound, host, context, before, fingerprint, inject, revert } = await open(row);
    const undo = await bound.plan(host, context);
    await inject(undo);
    await Promise.all([revert(undo), revert(throughTheJournal(undo))]);
    expect(fingerprint()).toBe(before);
  });

  needs.it('can be injected again after it was reverted', async () => {
    const { bound, host, context, before, fingerprint, inject, revert } = await open(row);
    for (let i = 0; i < 2; i++) {
      const undo = await bound.plan(host, context);
      await inject(undo);
      expect(fingerprint()).not.toBe(before);
      await revert(undo);
      expect(fingerprint()).toBe(before);
    }
  });

  needs.it('is reverted by another process', async () => {
    const { bound, host, context, before, fingerprint, inject, revertElsewhere, endsWithTheRun } = await open(row);
    const undo = await bound.plan(host, context);
    await inject(undo);
    if (revertElsewhere) {
      const during = fingerprint();
      await revertElsewhere(JSON.stringify(undo));
      expect(fingerprint()).toBe(endsWithTheRun === true ? during : before);
    } else {
      expect(kind.undoneBy).toBe('kernel');
    }
  });

  needs.it('is not injected when it is called off before, and nothing stays', async () => {
    const { bound, host, context, before, fingerprint, inject, revert } = await open(row);
    const undo = await bound.plan(host, context);
    await expect(inject(undo, AbortSignal.abort(new Error('called off')))).rejects.toThrow('called off');
    await revert(undo);
    expect(fingerprint()).toBe(before);
  });

  needs.it('stops at once when it is called off meanwhile, and nothing stays', async () => {
    const { bound, host, context, before, fingerprint, inject, revert } = await open(row);
    const undo = await bound.plan(host, context);
    const controller = new AbortController();
    const injected = inject(undo, controller.signal).then(
      () => 'injected',
      (error: unknown) => String(error),
    );
    const startMs = performance.now();
    controller.abort(new Error('called off'));
    // A kind that injects without waiting for anything is done before it can be called off.
    expect(['injected', 'Error: called off']).toContain(await injected);
    expect(performance.now() - startMs).toBeLessThan(LIMIT_ABORT_MS);
    await revert(undo);
    expect(fingerprint()).toBe(before);
  });

  needs.it('says what it touched, while it is in force and afterwards', async () => {
    const { bound, host, context, inject, revert, work } = await open(row);
    const undo = await bound.plan(host, context);
    await inject(undo);
    await work();
    await until('it has touched something', async () => (await bound.effect(undo, host)).touched > 0);
    await revert(undo);
    const effect = await bound.effect(undo, host);
    expect(effect.touched).toBeGreaterThan(0);
    expect(Object.keys(effect.requested).length).toBeGreaterThan(0);
    expect(Object.keys(effect.delivered).length).toBeGreaterThan(0);
    expect(effect.decisions.seen).toBeGreaterThanOrEqual(effect.decisions.hit);
    expect(effect.decisions.hit).toBeGreaterThan(0);
    expect(effect.decisions.digest).toMatch(/^[0-9a-f]+$/);
    expect(JSON.parse(JSON.stringify(effect))).toEqual(effect);
    // What happens after the end is not the fault's.
    await work();
    expect(await bound.effect(undo, host)).toEqual(effect);
  });

  needs.it('has touched nothing before it was injected', async () => {
    const { bound, host, context } = await open(row);
    const undo = await bound.plan(host, context);
    expect((await bound.effect(undo, host)).touched).toBe(0);
  });

  it('refuses a parameter that it does not know, by name', () => {
    const target = { on: kind.targets[0] } as Parameters<typeof kind.bind>[1];
    expect(() => kind.bind({ ...row.params, unknownParameter: 1 }, target)).toThrow('unknownParameter');
  });

  it('has a line about itself for tables and help', () => {
    expect(kind.summary.length).toBeGreaterThan(10);
    expect(kind.summary).not.toContain('\n');
    expect(kind.targets.length).toBeGreaterThan(0);
  });
});
