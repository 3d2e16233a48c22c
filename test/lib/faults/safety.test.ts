import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/lib/errors/app-error.ts';
import {
  EMPTY_ALLOW_LIST,
  findRefusals,
  parseAllowList,
  requireSafe,
  type SafetyPolicy,
  type Surroundings,
} from '../../../src/lib/faults/safety.ts';
import type { Target, TargetProcess } from '../../../src/lib/faults/targets.ts';

const process = (pid: number, name = 'nginx', command = `/usr/sbin/${name}`): TargetProcess => ({
  pid,
  startTicks: pid * 10,
  name,
  command,
});
const on = (...processes: TargetProcess[]): Target => ({ on: 'process', label: 'x', processes });
const HOST: Target = { on: 'host' };

const OWN = process(500, 'node', 'node payments.js');
const surroundings: Surroundings = {
  protectedPids: new Set([1, 90, 100]),
  isKernelThread: (pid) => pid === 2,
  isFaultline: (pid) => pid === 300,
};
const policy = (overrides: Partial<SafetyPolicy> = {}): SafetyPolicy => ({
  isOwn: ({ pid, startTicks }) => pid === OWN.pid && startTicks === OWN.startTicks,
  allowList: EMPTY_ALLOW_LIST,
  assumeYes: false,
  ...overrides,
});
const refused = (target: Target, overrides?: Partial<SafetyPolicy>): (number | undefined)[] =>
  findRefusals([target], policy(overrides), surroundings).map((refusal) => refusal.process?.pid);

describe('findRefusals', () => {
  it.each<[string, Target, Partial<SafetyPolicy>]>([
    ['a service of the scenario, through its proxy', { on: 'service', service: 'a', protocol: 'tcp' }, {}],
    ['a process that the scenario started', on(OWN), {}],
    ['a process in the allow-list', on(process(7)), { allowList: { processes: ['nginx'], host: false } }],
    [
      'a program in the allow-list',
      on(process(7, 'sh', '/opt/app/run now')),
      { allowList: { processes: ['run'], host: false } },
    ],
    [
      'a pattern in the allow-list',
      on(process(7, 'worker-12')),
      { allowList: { processes: ['work?r-*'], host: false } },
    ],
    ['any process with --yes', on(process(7)), { assumeYes: true }],
    ['the host in the allow-list', HOST, { allowList: { processes: [], host: true } }],
    ['the host with --yes', HOST, { assumeYes: true }],
  ])('lets pass %s', (_, target, overrides) => {
    expect(refused(target, overrides)).toEqual([]);
  });

  it.each<[string, Target, Partial<SafetyPolicy>]>([
    ['a process of somebody else', on(process(7)), {}],
    ['a later process with the number of one of ours', on({ ...OWN, startTicks: 1 }), {}],
    [
      'a name that only begins like an allowed one',
      on(process(7, 'nginx-2')),
      { allowList: { processes: ['nginx'], host: true } },
    ],
    [
      'a name that only a regular expression would match',
      on(process(7, 'nginx')),
      { allowList: { processes: ['ngin.'], host: true } },
    ],
    [
      'a path in the allow-list for a name',
      on(process(7)),
      { allowList: { processes: ['/usr/sbin/nginx'], host: true } },
    ],
    ['the host', HOST, { allowList: { processes: ['*'], host: false } }],
  ])('refuses %s until the user says so', (_, target, overrides) => {
    expect(findRefusals([target], policy(overrides), surroundings)).toMatchObject([{ isStrict: false }]);
    expect(refused(target, { ...overrides, assumeYes: true })).toEqual([]);
  });

  it.each([
    ['init', 1, 'init'],
    ['faultline itself', 100, 'faultline itself'],
    ['its ancestors', 90, 'started it'],
    ['threads of the kernel', 2, 'kernel'],
    ['other guardians of faultline', 300, 'keeps another run safe'],
  ])('refuses %s whatever the user says', (_, pid, why) => {
    const all = policy({ assumeYes: true, isOwn: () => true, allowList: { processes: ['*'], host: true } });
    const refusals = findRefusals([on(process(pid))], all, surroundings);
    expect(refusals).toMatchObject([{ isStrict: true, why: expect.stringContaining(why) as string }]);
  });

  it('names every refused process once', () => {
    const targets = [on(process(7), OWN, process(8)), on(process(8), process(1)), HOST, HOST];
    expect(findRefusals(targets, policy(), surroundings).map((refusal) => refusal.process?.pid)).toEqual([
      7,
      8,
      1,
      undefined,
    ]);
  });

  it('knows this very machine', () => {
    const self = process(globalThis.process.pid);
    const parent = process(globalThis.process.ppid);
    expect(findRefusals([on(self, parent)], policy({ assumeYes: true }))).toHaveLength(2);
  });
});

describe('requireSafe', () => {
  it('is silent when nothing is refused', () => {
    expect(() => requireSafe([on(OWN)], policy(), surroundings)).not.toThrow();
  });

  it('throws one error with every refusal, and the ways to lift them', () => {
    const refuse = () => requireSafe([on(process(7), process(8)), HOST], policy(), surroundings);
    expect(refuse).toThrow(AppError);
    expect(refuse).toThrow(
      expect.objectContaining({
        exitName: 'usage',
        message: 'refused to hurt 3 targets',
        details: [
          'pid 7 (nginx): it is not a service of this scenario, and not in the allow-list',
          'pid 8 (nginx): it is not a service of this scenario, and not in the allow-list',
          'host: it is not of this scenario alone, and `host` is not in the allow-list',
        ],
        hint: expect.stringMatching(/--yes .*\/faultline\/allow\.yaml/) as string,
      }),
    );
  });

  it('does not offer --yes where it would not help', () => {
    expect(() => requireSafe([on(process(1))], policy(), surroundings)).toThrow(
      expect.objectContaining({ hint: expect.not.stringContaining('--yes') as string }),
    );
  });
});

describe('parseAllowList', () => {
  it.each([
    [undefined, EMPTY_ALLOW_LIST],
    [null, EMPTY_ALLOW_LIST],
    [{}, EMPTY_ALLOW_LIST],
    [{ host: true }, { processes: [], host: true }],
    [{ processes: ['a', 'b-*'] }, { processes: ['a', 'b-*'], host: false }],
  ])('reads %j', (raw, list) => {
    expect(parseAllowList(raw)).toEqual(list);
  });

  it.each([
    [{ proceses: ['a'] }, 'proceses'],
    [{ processes: 'a' }, 'processes'],
    [{ processes: [''] }, 'processes.0'],
    [{ host: 'yes' }, 'host'],
    ['a', 'allow-list'],
  ])('says what is wrong with %j', (raw, place) => {
    expect(() => parseAllowList(raw)).toThrow(
      expect.objectContaining({ exitName: 'usage', details: [expect.stringContaining(place) as string] }),
    );
  });
});
