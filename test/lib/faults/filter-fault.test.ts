import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { filterFault, type FilterKindPort } from '../../../src/lib/faults/filter-fault.ts';
import type { FaultHost, ProxyPort, Target } from '../../../src/lib/faults/targets.ts';
import { FILTER_KINDS } from '../../../src/lib/proxy/filter-registry.ts';
import { openProxy } from '../../../src/lib/proxy/proxy.ts';
import { FakeClock } from '../../../src/lib/runtime/fake-clock.ts';
import { selfRef, type ProcessRef } from '../../../src/lib/runtime/processes.ts';

const SERVICE: Target = { on: 'service', service: 'shop', protocol: 'http' };
const CONTEXT = { run: 'r', id: 'slow', seed: 42, limitMs: 1000 };
/** No process has this start time. */
const DEAD: ProcessRef = { pid: process.pid, startTicks: 1 };

const kind: FilterKindPort = {
  kind: 'slow',
  summary: 'makes it slow',
  params: z.strictObject({ delay: z.string().transform(Number) }),
  ownParams: ['delay'],
  fileParams: [],
  misfit(params, protocol) {
    if (protocol === 'tcp') return 'it acts on http traffic';
    return JSON.stringify(params).includes('13') ? 'the delay 13 is bad luck' : undefined;
  },
};
const fault = filterFault(kind);

/** A proxy that only remembers what it was told. */
function fakeProxy(owner: ProcessRef = selfRef()): ProxyPort & { readonly told: unknown[] } {
  const told: unknown[] = [];
  const filters = new Set<string>();
  return {
    owner,
    told,
    hasService: (service) => service === 'shop',
    addFilter(filter) {
      told.push(filter);
      filters.add(filter.id);
    },
    removeFilter: (_service, id) => void filters.delete(id),
    hasFilter: (_service, id) => filters.has(id),
    filterEffect: () => undefined,
  };
}

const hostOf = (proxy: ProxyPort | undefined): FaultHost => ({ clock: new FakeClock(), proxy, cgroupRoot: '/nowhere' });
const never = new AbortController().signal;

describe('a filter as a fault', () => {
  it('hands its parameters to the proxy as they were written', async () => {
    const proxy = fakeProxy();
    const bound = fault.bind({ delay: '5' }, SERVICE);
    const undo = await bound.plan(hostOf(proxy), CONTEXT);
    expect(undo).toEqual({ owner: selfRef(), service: 'shop', id: 'slow' });
    expect(proxy.told).toEqual([]);
    await bound.inject(undo, hostOf(proxy), CONTEXT, never);
    expect(proxy.told).toEqual([{ service: 'shop', id: 'slow', kind: 'slow', params: { delay: '5' }, seed: 42 }]);
  });

  it('is in force until it is reverted, by the process that holds the proxy', async () => {
    const host = hostOf(fakeProxy());
    const bound = fault.bind({ delay: '5' }, SERVICE);
    const undo = await bound.plan(host, CONTEXT);
    expect(await fault.isInForce(undo, host)).toBe(false);
    await bound.inject(undo, host, CONTEXT, never);
    expect(await fault.isInForce(undo, host)).toBe(true);
    await fault.revert(undo, host);
    await fault.revert(undo, host);
    expect(await fault.isInForce(undo, host)).toBe(false);
  });

  it.each([
    ['no proxy at all', undefined],
    ['a proxy of its own', fakeProxy()],
  ])('has ended with the process that held it: another one with %s has nothing to revert', async (_name, proxy) => {
    const undo = { owner: { ...DEAD }, service: 'shop', id: 'slow' };
    expect(await fault.isInForce(undo, hostOf(proxy))).toBe(false);
    await expect(fault.revert(undo, hostOf(proxy))).resolves.toBeUndefined();
  });

  it.each([
    ['no proxy at all', undefined],
    ['a proxy of its own', fakeProxy(DEAD)],
  ])('cannot be reverted by another process with %s while its own lives', async (_name, proxy) => {
    const undo = { owner: selfRef(), service: 'shop', id: 'slow' };
    expect(await fault.isInForce(undo, hostOf(proxy))).toBe(true);
    await expect(fault.revert(undo, hostOf(proxy))).rejects.toThrow(
      `filter "slow" on service shop is held by process ${process.pid}; only that process can remove it`,
    );
  });

  it.each<[string, Target, unknown, ProxyPort | undefined, string | undefined]>([
    ['a service behind the proxy', SERVICE, { delay: '5' }, fakeProxy(), undefined],
    ['a service without a listener', { ...SERVICE, service: 'other' }, { delay: '5' }, fakeProxy(), 'no proxy fronts'],
    ['a process without a proxy', SERVICE, { delay: '5' }, undefined, 'no proxy fronts service shop'],
    ['another protocol', { ...SERVICE, protocol: 'tcp' }, { delay: '5' }, fakeProxy(), 'it acts on http traffic'],
    ['parameters that mean nothing there', SERVICE, { delay: '13' }, fakeProxy(), 'bad luck'],
  ])('checks whether it can work: %s', async (_name, target, params, proxy, why) => {
    const check = await fault.bind(params, target).check(hostOf(proxy));
    expect(check.ok).toBe(why === undefined);
    if (check.ok) return;
    expect(check.why).toContain(why);
    expect(check.remedy).toMatch(/^[A-Z].*\.$/);
  });

  it('says before anything runs where its parameters mean nothing', () => {
    expect(fault.misfit?.({ delay: '5' }, 'tcp')).toBe('it acts on http traffic');
    expect(fault.misfit?.({ delay: '5' }, 'http')).toBeUndefined();
  });

  it('is refused on anything but a service, and with parameters that are wrong', () => {
    expect(() => fault.bind({ delay: '5' }, { on: 'host' })).toThrow('not on a host');
    expect(() => fault.bind({ delayy: '5' }, SERVICE)).toThrow('delayy');
  });

  it('says that it touched nothing when it never was in force', async () => {
    const host = hostOf(fakeProxy());
    const bound = fault.bind({ delay: '5' }, SERVICE);
    const effect = await bound.effect(await bound.plan(host, CONTEXT), host);
    expect(effect).toMatchObject({ touched: 0, note: 'the filter was never in force' });
  });

  it('cannot be planned without a proxy', async () => {
    await expect(fault.bind({ delay: '5' }, SERVICE).plan(hostOf(undefined), CONTEXT)).rejects.toThrow('no proxy');
  });

  it('takes every filter of the proxy, and the proxy itself', () => {
    const port: ProxyPort = openProxy({ clock: new FakeClock() });
    expect(port.hasService('shop')).toBe(false);
    expect(FILTER_KINDS.map((filter) => filterFault(filter).kind)).toEqual(FILTER_KINDS.map((filter) => filter.kind));
  });
});
