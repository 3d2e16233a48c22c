import { join } from 'node:path';
import { z } from 'zod';
import { EXIT_CODES, EXIT_MEANINGS, type ExitName } from '../errors/exit-codes.ts';
import type { JsonObject } from '../events/json.ts';
import type { FaultKind } from '../faults/fault.ts';
import type { ProbeKind } from '../probes/probe.ts';
import { probeKinds } from '../probes/registry.ts';
import { packageRoot } from '../runtime/entry.ts';
import { readText } from '../runtime/files.ts';
import { proxyJsonSchema, scenarioJsonSchema } from '../scenario/json-schema.ts';
import { allFaultKinds } from './kinds.ts';
import { scenarioKinds } from './open-scenario.ts';

/** A file of the documentation as it has to be, by its path in the repository. */
export interface MadeFile {
  readonly path: string;
  readonly text: string;
}

/** Everything in the documentation that follows from the code: the JSON Schemas, and the tables between marks in the README. */
export function createDocs(): readonly MadeFile[] {
  const readme = readText(join(packageRoot(), 'README.md'));
  const tables = { faults: faultTable(allFaultKinds()), probes: probeTable(probeKinds), 'exit-codes': exitCodeTable() };
  return [
    { path: 'README.md', text: fillMarks(readme, tables) },
    { path: 'docs/scenario.schema.json', text: formatJson(scenarioJsonSchema(scenarioKinds())) },
    { path: 'docs/proxy.schema.json', text: formatJson(proxyJsonSchema(scenarioKinds())) },
  ];
}

function formatJson(value: JsonObject): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

/** Puts each text between `<!-- NAME:start -->` and `<!-- NAME:end -->`. Throws when a mark is missing. */
export function fillMarks(document: string, texts: Readonly<Record<string, string>>): string {
  return Object.entries(texts).reduce((filled, [name, text]) => {
    const [start, end] = [`<!-- ${name}:start -->\n`, `<!-- ${name}:end -->`];
    const from = filled.indexOf(start);
    const to = filled.indexOf(end, from);
    if (from === -1 || to === -1) throw new Error(`no ${start.trim()} … ${end} in the document`);
    return filled.slice(0, from + start.length) + text + filled.slice(to);
  }, document);
}

export function exitCodeTable(): string {
  const names = Object.keys(EXIT_CODES) as ExitName[];
  return table(
    ['code', 'meaning'],
    names.map((name) => [`${EXIT_CODES[name]}`, EXIT_MEANINGS[name]]),
  );
}

function faultTable(kinds: readonly FaultKind[]): string {
  return table(
    ['fault', 'acts on', 'what it does', 'parameters', 'taken away, when all else fails, by'],
    kinds.map(({ kind, targets, summary, params, ownParams, undoneBy }) => [
      code(kind),
      targets.join(', '),
      summary,
      (ownParams ?? parameterNames(params)).map(code).join(' '),
      undoneBy === 'kernel' ? 'the kernel' : 'the guardian',
    ]),
  );
}

function probeTable(kinds: readonly ProbeKind[]): string {
  return table(
    ['probe', 'what it measures', 'parameters', 'tolerances'],
    kinds.map(({ kind, summary, params, expect }) => [
      code(kind),
      summary,
      parameterNames(params).map(code).join(' '),
      parameterNames(expect).map(code).join(' '),
    ]),
  );
}

interface ObjectSchema {
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly anyOf?: readonly ObjectSchema[];
  readonly oneOf?: readonly ObjectSchema[];
}

/** The names that a schema of parameters knows, those of all its shapes together. */
function parameterNames(schema: z.ZodType): string[] {
  const namesOf = ({ properties = {}, anyOf = [], oneOf = [] }: ObjectSchema): string[] => [
    ...Object.keys(properties),
    ...[...anyOf, ...oneOf].flatMap(namesOf),
  ];
  return [...new Set(namesOf(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })))];
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
  return [heads, heads.map(() => '---'), ...rows].map(line).join('');
}

function code(text: string): string {
  return `\`${text}\``;
}
