import { resolve } from 'node:path';
import { z } from 'zod';
import { formatDurationMs } from '../../wire/quantities.ts';
import { brief, rangeFault } from '../expect/json.ts';
import { latencyFault, latencySchema } from '../expect/latency.ts';
import { documentFaults, documentShape, type Text } from '../expect/text.ts';
import { judged } from '../measure.ts';
import { defineProbe } from '../probe.ts';
import { runCommand, type CommandResult } from '../processes/run-command.ts';

const params = z.strictObject({
  command: z.union([z.string().min(1), z.tuple([z.string().min(1)], z.string())], {
    error: 'expected a command: a text for the shell, or a list of a program and its arguments',
  }),
  cwd: z.string().optional().describe("The folder to run in, relative to the scenario's."),
  env: z.record(z.string(), z.string()).default({}).describe('Environment variables to add.'),
});

const exitCode = z.number().int().min(0).max(255);

const expect = z.strictObject({
  exitCode: z
    .union([exitCode, z.array(exitCode).min(1)], { error: 'expected an exit code from 0 to 255, or a list' })
    .default(0),
  stdout: z
    .strictObject({
      ...documentShape,
      number: z
        .strictObject({ min: z.number().optional(), max: z.number().optional() })
        .optional()
        .describe('The output is one number, within these bounds.'),
    })
    .optional(),
  latency: latencySchema,
});

type Expect = z.output<typeof expect>;

/** A command that runs to its end; it must exit with 0 unless said otherwise. What it leaves running is killed. */
export const commandProbe = defineProbe({
  kind: 'command',
  summary: 'a command: exit code, output (text, pattern, JSON value, number), duration',
  params,
  expect,
  create({ command, cwd = '.', env }, expected) {
    const argv = typeof command === 'string' ? (['/bin/sh', '-c', command] as const) : command;
    return async (host, signal) => {
      const marks: Record<string, string> = host.run === undefined ? {} : { FAULTLINE_RUN: host.run };
      const directory = resolve(host.directory, cwd);
      const startedMs = host.clock.monotonicMs();
      const result = await runCommand({ argv, directory, env: { ...env, ...marks } }, host.clock, signal);
      const tookMs = host.clock.monotonicMs() - startedMs;
      return judged(`${formatEnd(result)} in ${formatDurationMs(tookMs)}`, [
        exitFault(result, expected.exitCode),
        latencyFault(tookMs, expected.latency),
        ...documentFaults(result.stdout, expected.stdout),
        numberFault(result.stdout, expected.stdout?.number),
      ]);
    };
  },
});

function formatEnd({ exitCode: code, signal }: CommandResult): string {
  return signal === null ? `exit code ${code ?? 'unknown'}` : `ended by ${signal}`;
}

function exitFault(result: CommandResult, expected: Expect['exitCode']): string | undefined {
  const wanted = [expected].flat();
  if (result.exitCode !== null && wanted.includes(result.exitCode)) return undefined;
  const detail = result.lastError === '' ? '' : `: ${result.lastError}`;
  return `${formatEnd(result)}, expected ${wanted.length > 1 ? 'one of ' : ''}${wanted.join(', ')}${detail}`;
}

function numberFault(
  { text }: Text,
  range: { readonly min?: number | undefined; readonly max?: number | undefined } | undefined,
): string | undefined {
  if (!range) return undefined;
  const written = text.trim();
  const value = Number(written);
  if (written === '' || !Number.isFinite(value)) return `output ${brief(written)} is not a number`;
  return rangeFault('output', value, range);
}
