import { z } from 'zod';
import { durationSchema, formatDurationMs, percentSchema } from '../../wire/quantities.ts';

/** Take CPU time away from everything on the host. */
export interface LoadParams {
  readonly mode: 'load';
  /** Of each of the cores. */
  readonly percent: number;
  readonly cores: number | 'all';
}

/** Let some processes together have no more than a share of one core. */
export interface QuotaParams {
  readonly mode: 'quota';
  /** Of one core. */
  readonly percent: number;
  readonly periodMs: number;
}

export type CpuParams = LoadParams | QuotaParams;

/** The kernel takes periods from 1 ms to 1 s, and quotas from 1 ms (kernel/sched/core.c, tg_set_cfs_bandwidth). */
const MIN_PERIOD_MS = 1;
const MAX_PERIOD_MS = 1000;
const MIN_QUOTA_MS = 1;
const DEFAULT_PERIOD_MS = 100;

const shareSchema = percentSchema.refine((percent) => percent > 0, 'expected more than 0%');
const CORES = 'expected `all` or a whole number of cores from 1';
const coresSchema = z.union([z.literal('all'), z.int(CORES).min(1, CORES)], CORES);
const periodSchema = durationSchema.refine((ms) => ms >= MIN_PERIOD_MS && ms <= MAX_PERIOD_MS, 'expected 1ms to 1s');

/** Written either as `{load, cores}` or as `{quota, period}`. */
export const cpuParamsSchema = z
  .strictObject({
    load: shareSchema.optional(),
    cores: coresSchema.optional(),
    quota: shareSchema.optional(),
    period: periodSchema.optional(),
  })
  .meta({ oneOf: [{ required: ['load'] }, { required: ['quota'] }] })
  .transform((written, context): CpuParams => {
    const { load, cores, quota, period } = written;
    const refuse = (message: string, ...path: string[]): never => {
      context.addIssue({ code: 'custom', message, path });
      return z.NEVER;
    };
    if (context.issues.length > 0) return z.NEVER;
    if (load !== undefined && quota !== undefined) {
      return refuse('`load` and `quota` exclude each other: load the host, or limit a process');
    }
    if (load !== undefined) {
      if (period !== undefined) return refuse('`period` belongs to `quota`; with `load` there is none', 'period');
      return { mode: 'load', percent: load, cores: cores ?? 'all' };
    }
    if (quota === undefined) return refuse('expected `load` (of the host) or `quota` (of a process)');
    if (cores !== undefined) return refuse('`cores` belongs to `load`; a quota is a share of one core', 'cores');
    const periodMs = period ?? DEFAULT_PERIOD_MS;
    const quotaMs = (quota / 100) * periodMs;
    if (quotaMs < MIN_QUOTA_MS) {
      return refuse(
        `${quota}% of ${formatDurationMs(periodMs)} is ${formatDurationMs(quotaMs)}, and the kernel gives no less than 1ms: ` +
          (quota < 0.1 ? 'use a quota of at least 0.1%' : `use a period of at least ${Math.ceil(100 / quota)}ms`),
        'period',
      );
    }
    return { mode: 'quota', percent: quota, periodMs };
  });
