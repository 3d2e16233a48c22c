import { describe, expect, it } from 'vitest';
import type { FaultKind } from '../../../src/lib/faults/fault.ts';
import { cpuFault } from '../../../src/lib/faults/kinds/cpu.ts';
import { describeAvailability, faultKinds, findFaultKind, lookupFaultKind } from '../../../src/lib/faults/registry.ts';
import { FakeClock } from '../../../src/lib/runtime/fake-clock.ts';

const latency: FaultKind = {
  kind: 'latency',
  summary: 'delays',
  targets: ['service'],
  undoneBy: 'kernel',
  params: cpuFault.params,
  bind: () => {
    throw new Error('not bound in these tests');
  },
  revert: async () => undefined,
  describeUndo: () => '',
  isInForce: async () => false,
};
const kinds = faultKinds([latency]);
const host = { clock: new FakeClock(), proxy: undefined, cgroupRoot: '/no-such-root' };

describe('faultKinds', () => {
  it('lists the filters that it is given, and its own', () => {
    expect(kinds.map(({ kind }) => kind)).toEqual(['latency', 'cpu', 'kill']);
  });

  it('finds a kind by its name', () => {
    expect(lookupFaultKind(kinds, 'cpu')).toBe(cpuFault);
    expect(findFaultKind(kinds, 'cpu')).toBe(cpuFault);
    expect(lookupFaultKind(kinds, 'memory')).toBeUndefined();
  });

  it.each([
    ['latncy', 'did you mean `latency`?'],
    ['something else', 'the faults are latency, cpu, kill'],
  ])('says what else there is for %s', (kind, hint) => {
    expect(() => findFaultKind(kinds, kind)).toThrow(
      expect.objectContaining({ exitName: 'usage', message: `there is no fault \`${kind}\``, hint }),
    );
  });
});

describe('describeAvailability', () => {
  it('has a row for every mode of every kind, and says what is missing', () => {
    expect(describeAvailability(kinds, host).map(({ kind, mode, check }) => [kind, mode, check.ok])).toEqual([
      ['latency', 'service', true],
      ['cpu', 'load', true],
      ['cpu', 'quota', false],
      ['kill', 'process', true],
    ]);
    const quota = describeAvailability(kinds, host).find(({ mode }) => mode === 'quota')!;
    expect(quota.check).toMatchObject({
      why: 'no control group hierarchy with the CPU controller is mounted under /no-such-root',
      remedy: expect.stringContaining('cgroups') as string,
    });
  });
});
