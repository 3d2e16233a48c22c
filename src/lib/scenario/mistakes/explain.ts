import type { z } from 'zod';
import type { Json } from '../../events/json.ts';
import { valueAt } from '../checks/raw.ts';
import type { Path, Report } from './mistake.ts';
import { nearest } from '../../errors/nearest.ts';
import { didYouMean } from './did-you-mean.ts';
import { describePlace } from './place.ts';
import { hintQuantity, lookupQuantity } from './quantity-hint.ts';
import { KNOWN_KEYS } from './what-is-right.ts';
import { listOr, quote } from './words.ts';

/** What a schema adds to an issue whose message is a whole sentence already. */
export interface SentenceParams {
  readonly sentence: true;
  readonly at?: 'key' | 'value' | undefined;
  readonly index?: number | undefined;
}

export interface Source {
  readonly root: Json;
  /** A scalar as it stands in the file, variables filled in. */
  readonly textAt: (path: Path) => string | undefined;
  /** What the file as a whole is called in a sentence: `the scenario`. */
  readonly whole: string;
}

/** More known keys than these are not listed. */
const MAX_LISTED_KEYS = 14;

/** Turns what zod found below `base` into the sentences that a user reads, each at its place. */
export function explainIssues(
  issues: readonly z.core.$ZodIssue[],
  source: Source,
  report: Report,
  base: Path = [],
): void {
  const misspelt = new Set(issues.flatMap(meantKeys));
  for (const issue of issues) {
    // A key that is there, but misspelt, is one mistake and not two.
    const isMissing = valueAt(source.root, [...base, ...pathOf(issue)]) === undefined;
    if (!isMissing || !misspelt.has(pathOf(issue).join('\0'))) explainIssue(issue, source, report, base);
  }
}

/** The places of the keys that unknown keys most likely stand for. */
function meantKeys(issue: z.core.$ZodIssue): string[] {
  if (issue.code !== 'unrecognized_keys') return [];
  const meant = issue.keys.map((key) => nearest(key, knownKeys(issue.message)));
  return meant.filter((key) => key !== undefined).map((key) => [...pathOf(issue), key].join('\0'));
}

function explainIssue(issue: z.core.$ZodIssue, source: Source, report: Report, base: Path): void {
  const path = [...base, ...pathOf(issue)];
  switch (issue.code) {
    case 'unrecognized_keys':
      for (const key of issue.keys) report([...path, key], explainKey(key, issue.message, source, path), { at: 'key' });
      return;
    case 'invalid_key':
      report(path, `${quote(String(path.at(-1)))} cannot be a key here: ${innerMessage(issue)}`, { at: 'key' });
      return;
    case 'invalid_union':
      explainUnion(issue, source, report, path);
      return;
    case 'custom':
      if (isSentence(issue.params)) {
        report(path, issue.message, { at: issue.params.at, index: issue.params.index });
        return;
      }
      break;
    default:
  }
  const isEmpty = valueAt(source.root, path) === null;
  report(path, explainValue(path, issue.message, source, isOfType(issue)), isEmpty ? { at: 'key' } : {});
}

function explainKey(key: string, message: string, source: Source, path: Path): string {
  const known = knownKeys(message);
  const near = didYouMean(key, known);
  const listed = known.length > 0 && known.length <= MAX_LISTED_KEYS ? `; ${message}` : '';
  return `unknown key ${quote(key)} in ${describePlace(source, path)}${near || listed}`;
}

function knownKeys(message: string): readonly string[] {
  return message.startsWith(KNOWN_KEYS) ? message.slice(KNOWN_KEYS.length).split(', ') : [];
}

/** A value that is not what it should be: missing, empty, without its unit, or something else. */
function explainValue(path: Path, message: string, source: Source, wrongType = true): string {
  const value = valueAt(source.root, path);
  const name = typeof path.at(-1) === 'number' ? `item of "${String(path.at(-2))}"` : `"${String(path.at(-1) ?? '')}"`;
  if (value === undefined) return `${name} is missing in ${describePlace(source, path.slice(0, -1))}: ${message}`;
  if (path.length === 0) return `the file holds ${shape(value)}: ${message}`;
  if (value === null) return `${name} is empty: ${message}`;
  if (typeof value === 'object')
    return `${name} ${wrongType ? `cannot be ${shape(value)}` : 'is not valid'}: ${message}`;
  const text = source.textAt(path) ?? String(value);
  const shown = typeof value === 'string' ? quote(text) : text;
  const quantity = lookupQuantity(message);
  const hint = quantity && hintQuantity(quantity, text);
  if (hint !== undefined) return `${shown} ${hint}`;
  const isName = /^expected (?:a text|a name|an id)\b/.test(message);
  const quotes = typeof value !== 'string' && isName ? '; in quotes it is a text' : '';
  return `${shown} is not a valid ${name}: ${message}${nearestWord(text, message)}${quotes}`;
}

/** For `expected a, b or c`: the one that is near to what was written. */
function nearestWord(text: string, message: string): string {
  const words = /^expected (\S+(?:, \S+)*(?: or \S+)?)$/.exec(message)?.[1];
  const near = words === undefined ? undefined : nearest(text, words.split(/, | or /));
  return near === undefined || near === text || text.length < 3 ? '' : `; did you mean "${near}"?`;
}

/** The shape that was meant is the one whose own type fits; if none fits, all are named. */
function explainUnion(issue: z.core.$ZodIssueInvalidUnion, source: Source, report: Report, path: Path): void {
  const options: readonly unknown[] | undefined =
    'options' in issue && Array.isArray(issue.options) ? issue.options : undefined;
  if (options !== undefined) {
    report(path, explainValue(path, `expected ${listOr(options.map(String))}`, source));
    return;
  }
  const meant = issue.errors.filter((issues) => !issues.some((one) => one.path.length === 0 && isOfType(one)));
  const nearest = meant.toSorted((a, b) => a.length - b.length)[0];
  const isWithin = nearest?.every((one) => one.path.length > 0) ?? false;
  if (issue.message !== '' && !isWithin) report(path, explainValue(path, issue.message, source));
  else if (nearest === undefined) report(path, explainValue(path, expectAny(issue.errors), source));
  else explainIssues(nearest, source, report, path);
}

function isOfType(issue: z.core.$ZodIssue): boolean {
  return issue.code === 'invalid_type' || issue.code === 'invalid_value';
}

function expectAny(branches: readonly (readonly z.core.$ZodIssue[])[]): string {
  const wanted = branches.flat().map((issue) => issue.message.replace(/^expected /, ''));
  return `expected ${listOr([...new Set(wanted)])}`;
}

function innerMessage(issue: z.core.$ZodIssueInvalidKey): string {
  return issue.issues.map((inner) => inner.message).join('; ');
}

function shape(value: Json): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a mapping' : `the text ${quote(String(value))}`;
}

function pathOf(issue: z.core.$ZodIssue): Path {
  return issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
}

function isSentence(params: unknown): params is SentenceParams {
  return typeof params === 'object' && params !== null && 'sentence' in params;
}
