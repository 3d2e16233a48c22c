import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { cpuParamsSchema } from '../../../../src/lib/faults/cpu/params.ts';

describe('the parameters of cpu', () => {
  it.each([
    [{ load: '80%' }, { mode: 'load', percent: 80, cores: 'all' }],
    [
      { load: '0.5%', cores: 'all' },
      { mode: 'load', percent: 0.5, cores: 'all' },
    ],
    [
      { load: '100%', cores: 2 },
      { mode: 'load', percent: 100, cores: 2 },
    ],
    [{ quota: '20%' }, { mode: 'quota', percent: 20, periodMs: 100 }],
    [
      { quota: '20%', period: '20ms' },
      { mode: 'quota', percent: 20, periodMs: 20 },
    ],
    [
      { quota: '100%', period: '1ms' },
      { mode: 'quota', percent: 100, periodMs: 1 },
    ],
    [
      { quota: '0.1%', period: '1s' },
      { mode: 'quota', percent: 0.1, periodMs: 1000 },
    ],
  ])('%j are understood', (written, params) => {
    expect(cpuParamsSchema.parse(written)).toEqual(params);
  });

  it.each([
    [{}, '', 'expected `load` (of the host) or `quota` (of a process)'],
    [{ load: '50%', quota: '20%' }, '', '`load` and `quota` exclude each other'],
    [{ load: '50%', period: '1ms' }, 'period', '`period` belongs to `quota`'],
    [{ quota: '50%', cores: 1 }, 'cores', '`cores` belongs to `load`'],
    [{ period: '100ms' }, '', 'expected `load`'],
    [{ load: 50 }, 'load', 'expected a percentage'],
    [{ load: '0%' }, 'load', 'expected more than 0%'],
    [{ load: '101%' }, 'load', 'expected a percentage'],
    [{ quota: '0%' }, 'quota', 'expected more than 0%'],
    [{ load: '50%', cores: 0 }, 'cores', 'whole number of cores'],
    [{ load: '50%', cores: 1.5 }, 'cores', 'whole number of cores'],
    [{ load: '50%', cores: 'some' }, 'cores', 'expected `all` or a whole number'],
    [{ quota: '20%', period: '2s' }, 'period', 'expected 1ms to 1s'],
    [{ quota: '20%', period: '900us' }, 'period', 'expected 1ms to 1s'],
    [{ quota: '20%', period: 'often' }, 'period', 'expected a duration'],
    [
      { quota: '0.5%' },
      'period',
      '0.5% of 100ms is 500us, and the kernel gives no less than 1ms: use a period of at least 200ms',
    ],
    [{ quota: '0.05%' }, 'period', 'use a quota of at least 0.1%'],
    [{ load: '50%', core: 1 }, '', '"core"'],
    [{ laod: '50%' }, '', '"laod"'],
    [null, '', 'expected object'],
  ])('%j are refused at `%s`, once, in plain words', (written, path, message) => {
    const result = cpuParamsSchema.safeParse(written);
    expect(result.error?.issues.map((issue) => [issue.path.join('.'), issue.message])).toEqual([
      [path, expect.stringContaining(message) as string],
    ]);
  });

  it('tell an editor that there are two ways to write them', () => {
    expect(z.toJSONSchema(cpuParamsSchema, { io: 'input' })).toMatchObject({
      type: 'object',
      additionalProperties: false,
      oneOf: [{ required: ['load'] }, { required: ['quota'] }],
      properties: { load: { type: 'string' }, cores: {}, quota: {}, period: {} },
    });
  });
});
