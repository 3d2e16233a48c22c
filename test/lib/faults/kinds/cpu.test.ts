import { describe, expect, it } from 'vitest';
import { cpuFault } from '../../../../src/lib/faults/kinds/cpu.ts';
import type { FaultHost, Target } from '../../../../src/lib/faults/targets.ts';
import { FakeClock } from '../../../../src/lib/runtime/fake-clock.ts';
import { usableCores } from '../../../../src/lib/runtime/machine.ts';

const HOST: Target = { on: 'host' };
const PROCESS: Target = { on: 'process', label: 'x', processes: [] };
const host: FaultHost = { clock: new FakeClock(), proxy: undefined, cgroupRoot: '/no-such-root' };
const context = { run: 'r1', id: 'f1', seed: 1, limitMs: 1000 };
const signal = new AbortController().signal;

describe('the fault cpu', () => {
  it.each<[Record<string, unknown>, Target, string]>([
    [{ load: '50%' }, PROCESS, 'acts on a host, not on a process'],
    [{ quota: '50%' }, HOST, 'acts on a process, not on a host'],
    [{ quota: '50%' }, { on: 'service', service: 'a', protocol: 'http' }, 'acts on a process, not on a service'],
    [{}, HOST, 'expected `load` (of the host) or `quota` (of a process)'],
  ])('with %j refuses the target %j', (params, target, message) => {
    expect(() => cpuFault.bind(params, target)).toThrow(expect.objectContaining({ exitName: 'usage' }));
    expect(() => cpuFault.bind(params, target)).toThrow(message);
  });

  it('plans one worker for each core asked for', async () => {
    const plan = (params: object) => cpuFault.bind(params, HOST).plan(host, context);
    expect(await plan({ load: '50%', cores: 1 })).toEqual({ mode: 'load', mark: 'r1/f1', workers: 1 });
    expect(await plan({ load: '50%' })).toEqual({ mode: 'load', mark: 'r1/f1', workers: usableCores() });
  });

  it('refuses more cores than there are', async () => {
    const cores = usableCores();
    expect(await cpuFault.bind({ load: '50%', cores }, HOST).check(host)).toEqual({ ok: true });
    expect(await cpuFault.bind({ load: '50%', cores: cores + 1 }, HOST).check(host)).toEqual({
      ok: false,
      why: `cpu load on ${cores + 1} cores: this process may use ${cores}`,
      remedy: `ask for \`cores: ${cores}\` or \`cores: all\``,
    });
  });

  it('refuses a quota where there are no control groups', async () => {
    expect(await cpuFault.bind({ quota: '50%' }, PROCESS).check(host)).toMatchObject({
      ok: false,
      why: expect.stringContaining('/no-such-root') as string,
    });
  });

  it.each([
    [1, 'end 1 worker process marked FAULTLINE_FAULT=r1/f1'],
    [4, 'end 4 worker processes marked FAULTLINE_FAULT=r1/f1'],
  ])('tells the undo of %d workers in words', (workers, words) => {
    expect(cpuFault.describeUndo({ mode: 'load', mark: 'r1/f1', workers })).toBe(words);
  });

  it('says that what another process injected was not measured here', async () => {
    const bound = cpuFault.bind({ load: '50%' }, HOST);
    expect(await bound.effect({ mode: 'load', mark: 'never/injected', workers: 2 }, host)).toMatchObject({
      touched: 0,
      note: expect.stringContaining('not injected by this process') as string,
    });
  });

  it('does not carry out the plan of the other mode', async () => {
    const bound = cpuFault.bind({ quota: '50%' }, PROCESS);
    const undo = { mode: 'load', mark: 'r1/f1', workers: 1 };
    await expect(bound.inject(undo, host, context, signal)).rejects.toThrow('cannot be carried out');
  });

  it.each([
    { mode: 'load', mark: 'r/f' },
    { mode: 'other' },
    { mode: 'load', mark: 'r/f', workers: 1, extra: 1 },
    null,
  ])('does not act on %j, which is no undo of its own', (undo) => {
    expect(() => cpuFault.revert(undo, host)).toThrow();
  });
});
