import { z } from 'zod';
import { AppError } from '../../../src/lib/errors/app-error.ts';
import { parseScenario, type ParseOptions } from '../../../src/lib/scenario/load.ts';
import type { ProxyConfig } from '../../../src/lib/scenario/proxy-config.ts';
import { parseProxyFile } from '../../../src/lib/scenario/proxy-file.ts';
import type { Scenario } from '../../../src/lib/scenario/scenario.ts';
import type { ScenarioKinds } from '../../../src/lib/scenario/schema.ts';
import { byteRateSchema, durationSchema, percentSchema, sizeSchema } from '../../../src/lib/wire/quantities.ts';

/** A few kinds that look like real ones. */
export const kinds: ScenarioKinds = {
  faults: [
    {
      kind: 'latency',
      summary: 'Holds requests back.',
      targets: ['service'],
      params: z.strictObject({
        delay: durationSchema,
        jitter: durationSchema.optional(),
        percent: percentSchema.optional(),
        distribution: z.enum(['uniform', 'normal', 'pareto']).optional(),
        samples: z.string().optional(),
        route: z.strictObject({ path: z.string().optional(), methods: z.array(z.string()).optional() }).optional(),
      }),
      fileParams: ['samples'],
      misfit: (params, protocol) => misfitOfLatency(params as { samples?: string; route?: object }, protocol),
    },
    {
      kind: 'cpu',
      summary: 'Takes CPU away.',
      targets: ['process', 'host'],
      params: z.strictObject({ load: percentSchema, cores: z.int().min(1).max(64).optional() }),
    },
    {
      kind: 'abort',
      summary: 'Resets connections.',
      targets: ['service'],
      params: z.strictObject({ size: sizeSchema.optional(), rate: byteRateSchema.optional() }),
      misfit: (_params, protocol) => (protocol === 'udp' ? 'datagrams have no connection to reset' : undefined),
    },
  ],
  probes: [
    {
      kind: 'http',
      summary: 'Sends a GET request.',
      params: z.strictObject({ url: z.string() }),
      expect: z.strictObject({
        status: z.union([z.int(), z.array(z.int())]).optional(),
        latency: durationSchema.optional(),
        body: z
          .union([
            z.strictObject({ contains: z.string() }),
            z.strictObject({ jsonpath: z.string(), equals: z.unknown() }),
          ])
          .optional(),
      }),
    },
    { kind: 'process', summary: 'Looks at a process.', params: z.strictObject({}), expect: z.strictObject({}) },
  ],
};

/** As a real kind does: it looks into the file that it is given, and not at a protocol without requests. */
function misfitOfLatency(
  { samples, route }: { samples?: string; route?: object },
  protocol: string,
): string | undefined {
  if (samples?.endsWith('/bad.txt') === true) throw new AppError('usage', `${samples}:2: expected a number of ms`);
  return route !== undefined && protocol === 'tcp' ? '`route` looks at requests' : undefined;
}

export function parse(text: string, options: Partial<ParseOptions> = {}): Scenario {
  return parseScenario(text, { file: 's.yaml', directory: '/srv/shop', kinds, ...options });
}

export function parseProxy(text: string, options: Partial<ParseOptions> = {}): ProxyConfig {
  return parseProxyFile(text, { file: 's.yaml', directory: '/srv/shop', kinds, ...options });
}

/** The lines of mistakes that a text is refused with; an empty list when it is accepted. */
export function mistakesOf(
  text: string,
  options: Partial<ParseOptions> = {},
  parseText: (text: string, options: Partial<ParseOptions>) => unknown = parse,
): readonly string[] {
  try {
    parseText(text, options);
    return [];
  } catch (error) {
    return refusalOf(error).details.map((line) => line.replace(/^s\.yaml:/, ''));
  }
}

/** Files in memory, by their absolute paths. */
export function filesInMemory(files: Readonly<Record<string, string>>): (path: string) => Buffer {
  return (path) => {
    const text = files[path];
    if (text === undefined) throw new Error('no such file');
    return Buffer.from(text);
  };
}

/** The error that a user is meant to read; anything else is thrown on. */
export function refusalOf(error: unknown): AppError {
  if (error instanceof AppError && error.exitName === 'usage') return error;
  throw error;
}

/** A scenario that is right, of which tests change a line; each part is one line. */
export const BASE = {
  version: 'version: 1',
  name: 'name: checkout',
  services: 'services: { payments: { endpoints: 127.0.0.1:7303, listen: 127.0.0.1:7313 } }',
  load: 'load: { url: http://127.0.0.1:7311/, rate: 100/s }',
  steadyState: 'steadyState: [{ name: gateway answers, probe: http, with: { url: http://127.0.0.1:7311/ } }]',
  method: 'method: [{ fault: latency, target: { service: payments }, with: { delay: 300ms }, for: 6s }]',
} as const;

/** The base with some parts changed, added or (undefined) left out; in the order of the base, additions last. */
export function scenarioText(changes: Readonly<Record<string, string | undefined>> = {}): string {
  const parts: Readonly<Record<string, string | undefined>> = { ...BASE, ...changes };
  return Object.values(parts)
    .filter((part) => part !== undefined)
    .join('\n');
}

/** A row of a table of mistakes: parts of a scenario with a ▸ before each thing that is wrong, and what is said of each. */
export type MistakeRow = readonly [
  name: string,
  changes: Readonly<Record<string, string | undefined>>,
  lines: readonly string[],
];

/** Takes the marks out of a text, and says where each stood, as line:column. */
export function takeMarks(marked: string): { readonly text: string; readonly places: readonly string[] } {
  const places: string[] = [];
  const lines = marked.split('\n').map((line, row) => {
    const [first = '', ...rest] = line.split('▸');
    let text = first;
    for (const part of rest) {
      places.push(`${row + 1}:${text.length + 1}`);
      text += part;
    }
    return text;
  });
  return { text: lines.join('\n'), places };
}
