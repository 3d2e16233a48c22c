import { z } from 'zod';
import { isMap } from '../checks/raw.ts';
import { didYouMean } from '../mistakes/did-you-mean.ts';
import { listOr } from '../mistakes/words.ts';
import type { ProcessSelector, TargetSpec } from '../scenario.ts';
import { choice, type Complain, type Purpose } from './choice.ts';
import { NAME, textLike } from './fields.ts';
import type { FaultSchemaInput } from './kinds.ts';

type TargetKind = TargetSpec['on'];

/** How each target is written. */
const FORMS: Readonly<Record<TargetKind, string>> = {
  service: '{ service: NAME }',
  process: '{ process: { service: NAME } }',
  host: 'host',
};
const ARTICLES: Readonly<Record<TargetKind, string>> = { service: 'a service', process: 'a process', host: 'the host' };
const SELECTORS = ['service', 'pid', 'name'] as const;

/** The target of a fault, limited to what its kind can act on. */
export function targetSchema(kind: FaultSchemaInput, purpose: Purpose): z.ZodType<TargetSpec> {
  const all: readonly [TargetKind, () => z.ZodType<TargetSpec>][] = [
    ['service', serviceTarget],
    ['process', () => processTarget(purpose)],
    ['host', hostTarget],
  ];
  return choice(purpose, {
    shapes: new Map(all.filter(([on]) => kind.targets.includes(on))),
    pick: (value, complain) => pickTarget(kind, value, complain),
  }).meta({ description: `What the fault acts on: ${listOr(kind.targets.map((on) => ARTICLES[on]))}.` });
}

function pickTarget(kind: FaultSchemaInput, value: unknown, complain: Complain): TargetKind | undefined {
  const forms = listOr(kind.targets.map((on) => FORMS[on]));
  const on = targetKindOf(value);
  if (on === undefined) {
    const meant = typeof value === 'string' && NAME.test(value) ? FORMS.service.replace('NAME', value) : undefined;
    const example = meant !== undefined && kind.targets.includes('service') ? `write ${meant}` : `expected ${forms}`;
    complain([], `${value === undefined ? '"target" is missing' : 'this is no target'}: ${example}`);
    return undefined;
  }
  if (kind.targets.includes(on)) return on;
  const able = listOr(kind.targets.map((target) => ARTICLES[target]));
  complain([], `fault ${kind.kind} acts on ${able}, not on ${ARTICLES[on]}: expected ${forms}`);
  return undefined;
}

function targetKindOf(value: unknown): TargetKind | undefined {
  if (value === 'host') return 'host';
  if (!isMap(value)) return undefined;
  return Object.hasOwn(value, 'service') ? 'service' : Object.hasOwn(value, 'process') ? 'process' : undefined;
}

function serviceTarget(): z.ZodType<TargetSpec> {
  return z
    .strictObject({ service: z.string().meta({ description: 'The name of a service of this scenario.' }) })
    .transform(({ service }): TargetSpec => ({ on: 'service', service }));
}

function processTarget(purpose: Purpose): z.ZodType<TargetSpec> {
  return z
    .strictObject({ process: selectorSchema(purpose).meta({ description: 'Which processes.' }) })
    .transform(({ process }): TargetSpec => ({ on: 'process', select: process }));
}

function hostTarget(): z.ZodType<TargetSpec> {
  return z.literal('host').transform((): TargetSpec => ({ on: 'host' }));
}

function selectorSchema(purpose: Purpose): z.ZodType<ProcessSelector> {
  const shapes: readonly [string, () => z.ZodType<ProcessSelector>][] = [
    ['service', byService],
    ['pid', byPid],
    ['name', byName],
  ];
  return choice(purpose, { shapes: new Map(shapes), pick: pickSelector });
}

function pickSelector(value: unknown, complain: Complain): string | undefined {
  const expected = 'expected one of { service: NAME }, { pid: NUMBER } and { name: NAME }';
  const given = isMap(value) ? SELECTORS.filter((key) => Object.hasOwn(value, key)) : [];
  if (given.length === 1) return given[0];
  const [key = ''] = isMap(value) ? Object.keys(value) : [];
  if (given.length > 1) complain([], `"process" selects in one way, not by ${given.join(' and ')}: ${expected}`);
  else if (key === '') complain([], `this does not select a process: ${expected}`);
  else
    complain([key], `unknown key "${key}" in "process"${didYouMean(key, SELECTORS) || `; ${expected}`}`, { at: 'key' });
  return undefined;
}

function byService(): z.ZodType<ProcessSelector> {
  return z
    .strictObject({
      service: z.string().meta({ description: 'The processes that this scenario started for a service.' }),
    })
    .transform(({ service }): ProcessSelector => ({ by: 'service', service }));
}

function byPid(): z.ZodType<ProcessSelector> {
  return z
    .strictObject({ pid: z.int().min(1).meta({ description: 'The process with this id.' }) })
    .transform(({ pid }): ProcessSelector => ({ by: 'pid', pid }));
}

function byName(): z.ZodType<ProcessSelector> {
  const name = textLike(/^[^\0/]+$/, 'the name of a process, such as redis-server', 'All processes of this name.');
  return z.strictObject({ name }).transform(({ name }): ProcessSelector => ({ by: 'name', name }));
}
