import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { AppError } from '../../../src/lib/errors/app-error.ts';
import { defineFault, type FaultDefinition } from '../../../src/lib/faults/fault.ts';
import type { FaultHost, Target } from '../../../src/lib/faults/targets.ts';
import { formatTarget } from '../../../src/lib/faults/targets.ts';
import { FakeClock } from '../../../src/lib/runtime/fake-clock.ts';
import { durationSchema } from '../../../src/lib/wire/quantities.ts';

type Params = { delay: number; on?: string | undefined };
const HOST: Target = { on: 'host' };
const SERVICE: Target = { on: 'service', service: 'payments', protocol: 'http' };
const host: FaultHost = { clock: new FakeClock(), proxy: undefined, cgroupRoot: '/none' };
const context = { run: 'r', id: 'f', seed: 1, limitMs: 1 };

function define(overrides: Partial<FaultDefinition<Params, { at: number }>> = {}) {
  const calls: unknown[] = [];
  const kind = defineFault<Params, { at: number }>({
    kind: 'wait',
    summary: 'waits',
    targets: ['host', 'service'],
    undoneBy: 'kernel',
    params: z.strictObject({ delay: durationSchema, on: z.string().optional() }),
    undo: z.strictObject({ at: z.number() }),
    check: async () => ({ ok: true }),
    plan: async (params) => ({ at: params.delay }),
    inject: async (params, undo) => void calls.push(['inject', params, undo]),
    effect: async (params) => ({
      touched: params.delay,
      requested: {},
      delivered: {},
      decisions: { seen: 0, hit: 0, digest: '' },
    }),
    revert: async (undo) => void calls.push(['revert', undo]),
    describeUndo: (undo) => `undo of ${undo.at}`,
    isInForce: async (undo) => undo.at > 0,
    ...overrides,
  });
  return { kind, calls };
}

describe('defineFault', () => {
  it('hands the kind its own types, whatever came in', async () => {
    const { kind, calls } = define();
    const bound = kind.bind({ delay: '2s' }, HOST);
    const undo = await bound.plan(host, context);
    await bound.inject(JSON.parse(JSON.stringify(undo)) as typeof undo, host, context, new AbortController().signal);
    await kind.revert(undo, host);
    expect(calls).toEqual([
      ['inject', { delay: 2000 }, { at: 2000 }],
      ['revert', { at: 2000 }],
    ]);
    expect((await bound.effect(undo, host)).touched).toBe(2000);
    expect(kind.describeUndo(undo)).toBe('undo of 2000');
    expect(await kind.isInForce({ at: 0 }, host)).toBe(false);
    expect(await bound.check(host)).toEqual({ ok: true });
  });

  it.each([
    [{ delay: '2s', dealy: 1 }, 'dealy'],
    [{ delay: '2 seconds' }, 'delay: expected a duration'],
    [{}, 'delay'],
    [null, 'expected object'],
  ])('refuses the parameters %j and says what is wrong with them', (params, message) => {
    const { kind } = define();
    const refuse = () => kind.bind(params, HOST);
    expect(refuse).toThrow(AppError);
    expect(refuse).toThrow(message);
    expect(refuse).toThrow('the fault `wait`');
  });

  it('refuses a target that it cannot act on', () => {
    const { kind } = define();
    expect(() => kind.bind({ delay: '1s' }, { on: 'process', label: 'x', processes: [] })).toThrow(
      'acts on a host or a service, not on a process',
    );
  });

  it('refuses a target that these parameters do not go with', () => {
    const { kind } = define({ targetsFor: (params) => (params.on === undefined ? ['host'] : ['service']) });
    expect(kind.bind({ delay: '1s' }, HOST).target).toBe(HOST);
    expect(kind.bind({ delay: '1s', on: 'x' }, SERVICE).target).toBe(SERVICE);
    expect(() => kind.bind({ delay: '1s' }, SERVICE)).toThrow('acts on a host, not on a service');
  });

  it('does not act on an undo that is not its own', () => {
    const { kind, calls } = define();
    expect(() => kind.revert({ at: 'somewhere' }, host)).toThrow();
    expect(calls).toEqual([]);
  });

  it('says that it works everywhere unless it says otherwise', () => {
    expect(define().kind.availability?.(host)).toEqual([
      { mode: 'host', check: { ok: true } },
      { mode: 'service', check: { ok: true } },
    ]);
  });
});

describe('formatTarget', () => {
  it.each<[Target, string]>([
    [HOST, 'host'],
    [SERVICE, 'service payments'],
    [
      {
        on: 'process',
        label: 'payments',
        processes: [
          { pid: 4312, startTicks: 1, name: 'node', command: 'node a' },
          { pid: 4313, startTicks: 1, name: 'sh', command: 'sh' },
        ],
      },
      'process payments (node, pid 4312; sh, pid 4313)',
    ],
  ])('of %j reads %s', (target, text) => {
    expect(formatTarget(target)).toBe(text);
  });
});
