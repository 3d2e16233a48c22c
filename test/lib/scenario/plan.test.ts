import { describe, expect, it } from 'vitest';
import { createTimeline, layOut, MAX_STEPS } from '../../../src/lib/scenario/plan.ts';
import type { StepSpec } from '../../../src/lib/scenario/scenario.ts';
import { parse, scenarioText } from './support.ts';

type Body = Partial<{ at: number; after: number; for: number }>;
let numbers = 0;
const common = ({ at, after }: Body) => ({ atMs: at, afterMs: after, path: ['method', numbers++] });
const fault = (id: string, times: Body = {}, target = id): StepSpec => ({
  step: 'fault',
  id,
  kind: 'cpu',
  target: { on: 'process', select: { by: 'name', name: target } },
  params: {},
  forMs: times.for,
  timeoutMs: 1000,
  ...common(times),
});
const wait = (forMs: number, times: Body = {}): StepSpec => ({ step: 'wait', forMs, ...common(times) });
const probe = (name: string, times: Body = {}): StepSpec => ({
  step: 'probe',
  name,
  probe: { kind: 'http', params: {}, expect: {}, timeoutMs: 1000 },
  ...common(times),
});
const group = (step: 'serial' | 'parallel', steps: StepSpec[], times: Body = {}): StepSpec => ({
  step,
  steps,
  ...common(times),
});

/** `a 0-4000` for each fault, `probe 100` for each probe. */
function drawn(steps: readonly StepSpec[]): { lines: string[]; endMs: number; problems: string[] } {
  const { timeline, problems } = layOut(steps);
  return {
    lines: [
      ...timeline.faults.map(({ id, startMs, endMs }) => `${id} ${startMs}-${endMs}`),
      ...timeline.probes.map(({ name, atMs }) => `${name} ${atMs}`),
    ],
    endMs: timeline.endMs,
    problems: problems.map(({ text }) => text),
  };
}

describe('the method on the time axis', () => {
  it.each<[string, StepSpec[], string[], number]>([
    ['one after the other', [fault('a', { for: 4000 }), fault('b', { for: 1000 })], ['a 0-4000', 'b 4000-5000'], 5000],
    [
      'with waits and delays between',
      [fault('a', { for: 1000 }), wait(500), fault('b', { after: 200, for: 100 })],
      ['a 0-1000', 'b 1700-1800'],
      1800,
    ],
    [
      'a fault without "for" holds nothing up and lasts to the end',
      [fault('a'), wait(1000), fault('b', { for: 2000 })],
      ['a 0-3000', 'b 1000-3000'],
      3000,
    ],
    [
      'side by side',
      [
        group('parallel', [fault('a', { for: 2000 }), fault('b', { after: 500, for: 1000 }), wait(3000)]),
        fault('c', { for: 1 }),
      ],
      ['a 0-2000', 'b 500-1500', 'c 3000-3001'],
      3001,
    ],
    [
      'a serial list within a parallel one',
      [group('parallel', [fault('a', { for: 3000 }), group('serial', [wait(1000), fault('b', { for: 500 })])])],
      ['a 0-3000', 'b 1000-1500'],
      3000,
    ],
    ['at a fixed time', [wait(1000), fault('a', { at: 2500, for: 500 })], ['a 2500-3000'], 3000],
    [
      'probes take no time',
      [fault('a', { for: 100 }), probe('p'), fault('b', { for: 100 }), probe('q', { after: 50 })],
      ['a 0-100', 'b 100-200', 'p 100', 'q 250'],
      250,
    ],
  ])('%s', (_name, steps, lines, endMs) => {
    expect(drawn(steps)).toEqual({ lines, endMs, problems: [] });
  });

  it.each<[string, StepSpec[], string]>([
    [
      'an "at" before the previous step ends',
      [fault('a', { for: 4000 }), fault('b', { at: 1000, for: 1 })],
      'fault "b" is to start at 1s, but fault "a" before it ends at 4s; put steps that overlap under "parallel"',
    ],
    [
      'an "at" before the group around it starts',
      [wait(2000), group('parallel', [fault('a', { at: 1000, for: 1 })])],
      'fault "a" is to start at 1s, but the parallel group around it starts at 2s; put steps that overlap under "parallel"',
    ],
    [
      'the same fault twice at a time on one process',
      [group('parallel', [fault('a', { for: 2000 }, 'x'), fault('b', { after: 1999, for: 2000 }, 'x')])],
      'fault "b" (2s to 4s) and fault "a" (0ms to 2s) are the same on the same target, and overlap: let one end before the other starts',
    ],
    [
      'a fault that would last no time',
      [wait(5), fault('a')],
      'fault "a" would end as soon as it starts: it has no "for", and nothing comes after it; give it one, or a wait behind it',
    ],
    [
      'a method of more than a week',
      [fault('a', { for: 6e8 }), wait(6e8)],
      'the method lasts 333h20m, at most 168h are possible',
    ],
  ])('refuses %s', (_name, steps, problem) => {
    expect(drawn(steps).problems).toEqual([problem]);
  });

  it('lets equal faults follow each other on one process, and overlap on two or on a service', () => {
    const onService: StepSpec = {
      ...fault('c', { for: 2 }),
      step: 'fault',
      target: { on: 'service', service: 's' },
    } as StepSpec;
    const steps = [
      fault('a', { for: 2 }, 'x'),
      fault('b', { for: 2 }, 'x'),
      group('parallel', [fault('d', { for: 2 }, 'x'), fault('e', { for: 2 }, 'y'), onService, onService]),
    ];
    expect(drawn(steps).problems).toEqual([]);
  });

  it('refuses more steps than its bound', () => {
    expect(drawn(Array.from({ length: MAX_STEPS + 1 }, () => wait(1))).problems).toEqual([
      `the method has more than ${MAX_STEPS} steps`,
    ]);
    expect(drawn(Array.from({ length: MAX_STEPS }, () => wait(1))).problems).toEqual([]);
  });

  it('throws one error with every problem when a scenario does not fit', () => {
    const scenario = parse(scenarioText());
    const steps = [fault('a', { for: 4000 }), fault('b', { at: 1000, for: 1 }), fault('c', { at: 2000, for: 1 })];
    expect(() => createTimeline({ ...scenario, method: steps })).toThrow(/does not fit on the time axis/);
  });
});
