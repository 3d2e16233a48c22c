import { z } from 'zod';
import type { Clock } from '../../runtime/clock.ts';
import type { ProcessInfo } from '../../runtime/processes.ts';
import { formatPercent, formatSizeBytes, sizeSchema } from '../../wire/quantities.ts';
import { rangeFault } from '../expect/json.ts';
import { cutReason, failed, judged } from '../measure.ts';
import { defineProbe } from '../probe.ts';
import { createCpuMeter, type CpuMeter } from '../processes/cpu-meter.ts';
import { findProcesses, type ProcessChoice } from '../processes/find-processes.ts';

const params = z
  .strictObject({
    pid: z.number().int().positive().optional(),
    name: z
      .string()
      .min(1)
      .optional()
      .describe('The name of a program; all that bear it are meant, their use summed up.'),
    service: z.string().min(1).optional().describe('A service that this run started.'),
    pidFile: z.string().min(1).optional().describe("A file that holds a pid, relative to the scenario's folder."),
  })
  .refine((choice) => Object.values(choice).filter((value) => value !== undefined).length === 1, {
    error: 'give exactly one of pid, name, service, pidFile',
  });

const SHARE = /^(\d+(?:\.\d+)?)%$/;

/** Percent of one core: four busy threads take `400%`. */
const cpuShareSchema = z
  .string({ error: 'expected percent of one core, such as 50% or 250%' })
  .regex(SHARE, { error: 'expected percent of one core, such as 50% or 250%' })
  .meta({ description: 'percent of one core, such as 50% or 250%' })
  .transform((text) => Number(SHARE.exec(text)?.[1]));

const expect = z
  .strictObject({
    alive: z.boolean().default(true).describe('False: it must be gone.'),
    cpu: z.strictObject({ min: cpuShareSchema.optional(), max: cpuShareSchema.optional() }).optional(),
    rss: z.strictObject({ min: sizeSchema.optional(), max: sizeSchema.optional() }).optional(),
  })
  .refine(({ alive, cpu, rss }) => alive || (!cpu && !rss), {
    error: 'alive: false cannot stand beside cpu or rss',
  });

/** Processes: they must be alive unless said otherwise; CPU is measured since the probe's previous measurement. */
export const processProbe = defineProbe({
  kind: 'process',
  summary: 'a process: alive or not, CPU use, resident memory',
  params,
  expect,
  create(wanted, expected) {
    const choice = parseChoice(wanted);
    const meterOf = keepMeter();
    return async (host, signal) => {
      const found = findProcesses(choice, host);
      const [first] = found.processes;
      if (!first) return expected.alive ? failed('not alive', found.why) : { ok: true, value: 'not alive' };
      const cpuPercent = expected.cpu && (await readCpu(meterOf(host.clock), found.processes, signal));
      const rssBytes = found.processes.reduce((sum, info) => sum + info.rssBytes, 0);
      return judged(formatValue(found.processes, cpuPercent, rssBytes), [
        expected.alive ? undefined : `${formatPids(found.processes)} still alive`,
        cpuPercent === undefined ? undefined : rangeFault('cpu', cpuPercent, expected.cpu ?? {}, formatPercent),
        rangeFault('rss', rssBytes, expected.rss ?? {}, formatSizeBytes),
      ]);
    };
  },
});

function parseChoice({ pid, name, service, pidFile }: z.output<typeof params>): ProcessChoice {
  if (pid !== undefined) return { by: 'pid', pid };
  if (name !== undefined) return { by: 'name', name };
  if (service !== undefined) return { by: 'service', service };
  return { by: 'pidFile', path: pidFile ?? '' };
}

/** One meter for the life of the probe, made when its clock is first known. */
function keepMeter(): (clock: Clock) => CpuMeter {
  let meter: CpuMeter | undefined;
  return (clock) => (meter ??= createCpuMeter(clock));
}

async function readCpu(meter: CpuMeter, processes: readonly ProcessInfo[], signal: AbortSignal): Promise<number> {
  try {
    return await meter.read(processes, signal);
  } catch (error) {
    throw signal.aborted ? new Error(`${cutReason(signal)} while measuring CPU use`, { cause: error }) : error;
  }
}

function formatPids(processes: readonly ProcessInfo[]): string {
  return processes.length === 1 ? `pid ${processes[0]?.pid ?? 0} is` : `${processes.length} processes are`;
}

function formatValue(processes: readonly ProcessInfo[], cpuPercent: number | undefined, rssBytes: number): string {
  const who = processes.length === 1 ? `pid ${processes[0]?.pid ?? 0}` : `${processes.length} processes`;
  const cpu = cpuPercent === undefined ? '' : `, cpu ${formatPercent(cpuPercent)}`;
  return `alive, ${who}${cpu}, rss ${formatSizeBytes(rssBytes)}`;
}
