import {
  isAlias,
  isCollection,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Node,
  type ParsedNode,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import type { Json } from '../../events/json.ts';
import type { Mistake, MistakeSpot, Path } from '../mistakes/mistake.ts';
import { didYouMean } from '../mistakes/did-you-mean.ts';
import { quote } from '../mistakes/words.ts';
import { unmask } from './mask.ts';
import type { YamlFile } from './parse.ts';
import { plainValue } from './plain.ts';

/** More values than any scenario has; aliases of aliases could otherwise stand for billions. */
const MAX_VALUES = 50_000;
/** Deeper than any scenario, far from the end of the stack. */
const MAX_DEPTH = 64;

/** A text with its variables filled in. */
export interface Filled {
  readonly text: string;
  /** The text was one variable and nothing else. */
  readonly whole: boolean;
  readonly problems: readonly { readonly index: number; readonly text: string }[];
}

/** Fills in the variables of a text; undefined when it has none. */
export type Fill = (text: string, path: Path) => Filled | undefined;

interface Spot {
  readonly keyStart: number | undefined;
  readonly start: number;
  readonly end: number;
  /** A scalar as written, variables filled in. */
  readonly text: string | undefined;
  /** Something in it is wrong that makes its value worthless. */
  readonly broken: boolean;
}

/** A YAML file as plain data, with the place of everything in it. */
export interface Tree {
  readonly root: Json;
  readonly mistakes: readonly Mistake[];
  /** False when reading stopped at a limit: then nothing else can be said about the file. */
  readonly complete: boolean;
  /** A scalar as it stands in the file, variables filled in: `1.10` stays `1.10`. */
  readonly textAt: (path: Path) => string | undefined;
  /** Where something is, or where it would be if it is missing: at the key of what should hold it. */
  offsetOf(path: Path, spot?: MistakeSpot): number;
  /** Whether a value (or what holds it) could not be made out, so that complaining about it would be noise. */
  isBroken(path: Path): boolean;
}

interface Reading {
  readonly file: YamlFile;
  readonly fill: Fill;
  readonly spots: Map<string, Spot>;
  readonly mistakes: Mistake[];
  readonly anchors: Map<string, ParsedNode>;
  /** What each alias stood for when it was first met: an anchor can be set again later. */
  readonly targets: Map<Node, ParsedNode>;
  /** The nodes that the one being read is part of. */
  readonly open: Set<Node>;
  readonly budget: { values: number; spent: boolean };
}

export function readTree(file: YamlFile, fill: Fill): Tree {
  const reading: Reading = {
    file,
    fill,
    spots: new Map(),
    mistakes: [],
    anchors: new Map(),
    targets: new Map(),
    open: new Set(),
    budget: { values: 0, spent: false },
  };
  const root = readNode(reading, asParsed(file.contents), [], undefined);
  return {
    root,
    mistakes: reading.mistakes,
    complete: !reading.budget.spent,
    textAt: (path) => reading.spots.get(idOf(path))?.text,
    offsetOf: (path, spot) => offsetOf(reading, path, spot),
    isBroken: (path) => path.some((_, index) => reading.spots.get(idOf(path.slice(0, index + 1)))?.broken),
  };
}

function readNode(reading: Reading, node: ParsedNode | null, path: Path, keyStart: number | undefined): Json {
  if (node === null) return null;
  if (isBeyondBudget(reading, node.range[0], path.length)) return null;
  if (isAlias(node)) return readAlias(reading, node, path, keyStart);
  if (node.anchor !== undefined && !reading.open.has(node)) reading.anchors.set(node.anchor, node);
  if (isScalar(node)) return readScalar(reading, node, path, keyStart);
  setSpot(reading, path, { keyStart, start: node.range[0], end: node.range[1], text: undefined, broken: false });
  reading.open.add(node);
  const value = isMap(node) ? readMap(reading, node, path) : readSequence(reading, node, path);
  reading.open.delete(node);
  return value;
}

function isBeyondBudget(reading: Reading, offset: number, depth: number): boolean {
  const { budget } = reading;
  if (budget.spent) return true;
  if (++budget.values <= MAX_VALUES && depth <= MAX_DEPTH) return false;
  const text =
    depth > MAX_DEPTH ? 'nested too deeply' : `more than ${MAX_VALUES} values, those behind aliases included`;
  reading.mistakes.push({ offset, text });
  budget.spent = true;
  return true;
}

function readSequence(reading: Reading, node: ParsedNode, path: Path): Json {
  if (!isSeq(node)) return null;
  return node.items.map((item, index) =>
    readNode(reading, asParsed(isPair(item) ? item.key : item), [...path, index], undefined),
  );
}

/** A mapping; keys that `<<` brings in give way to its own. */
function readMap(reading: Reading, map: YAMLMap, path: Path): Json {
  const entries = new Map<string, Json>();
  const own = new Set(map.items.map((pair) => keyText(pair.key)).filter((key) => key !== undefined));
  const seen = new Map<string, number>();
  for (const pair of map.items) {
    const key = keyText(pair.key);
    const start = startOf(pair.key) ?? startOf(map) ?? 0;
    if (key === '<<' && isPlain(pair.key)) mergeInto(reading, asParsed(pair.value), path, start, own, entries);
    else if (isGoodKey(reading, key, start, seen)) {
      seen.set(key, start);
      entries.set(key, readNode(reading, asParsed(pair.value), [...path, key], start));
      if (pair.value === null) setSpot(reading, [...path, key], { ...emptySpot, keyStart: start, start, end: start });
    }
  }
  return Object.fromEntries(entries);
}

const emptySpot = { text: '', broken: false };

function isGoodKey(
  reading: Reading,
  key: string | undefined,
  offset: number,
  seen: ReadonlyMap<string, number>,
): key is string {
  const first = key === undefined ? undefined : seen.get(key);
  const text =
    key === undefined
      ? 'a key must be a text, not a mapping or a list'
      : key === ''
        ? 'a key is empty'
        : key === '__proto__'
          ? 'the key "__proto__" is not allowed'
          : first !== undefined &&
            `duplicate key ${quote(key)}; line ${reading.file.positionOf(first).line} has it already`;
  if (text !== false) reading.mistakes.push({ offset, text });
  return text === false;
}

/** `<<: *defaults` or `<<: [*one, *two]`: earlier ones go before later ones, own keys before all. */
function mergeInto(
  reading: Reading,
  source: ParsedNode | null,
  path: Path,
  offset: number,
  own: ReadonlySet<string>,
  entries: Map<string, Json>,
): void {
  const node = source && isAlias(source) ? lookupTarget(reading, source) : source;
  const list = node && isSeq(node) ? node.items.map(asParsed) : [source];
  for (const item of list) {
    const part: Reading = { ...reading, spots: new Map() };
    const map = readNode(part, item, path, undefined);
    if (typeof map !== 'object' || map === null || Array.isArray(map)) {
      reading.mistakes.push({ offset, text: '"<<" takes a mapping, or a list of mappings, to merge into this one' });
      return;
    }
    const added = Object.entries(map).filter(([key]) => !own.has(key) && !entries.has(key));
    for (const [key, value] of added) entries.set(key, value);
    const ids = added.map(([key]) => idOf([...path, key]));
    for (const [id, spot] of part.spots) {
      if (ids.some((added) => id === added || id.startsWith(`${added}\0`))) reading.spots.set(id, spot);
    }
  }
}

function readAlias(reading: Reading, alias: ParsedNode, path: Path, keyStart: number | undefined): Json {
  const target = lookupTarget(reading, alias);
  const name = 'source' in alias && typeof alias.source === 'string' ? alias.source : '';
  const [start, end] = alias.range;
  if (target === undefined || reading.open.has(target)) {
    const text = target
      ? `the alias *${name} stands inside of what it stands for`
      : `no anchor &${name} before the alias *${name}${didYouMean(name, reading.anchors.keys())}`;
    reading.mistakes.push({ offset: start, text });
    setSpot(reading, path, { keyStart, start, end, text: undefined, broken: true });
    return null;
  }
  const value = readNode(reading, target, path, keyStart);
  const spot = reading.spots.get(idOf(path));
  if (spot) setSpot(reading, path, { ...spot, start, end });
  return value;
}

function lookupTarget(reading: Reading, alias: ParsedNode): ParsedNode | undefined {
  const known = reading.targets.get(alias);
  if (known || !isAlias(alias)) return known;
  const target = reading.anchors.get(alias.source);
  if (target) reading.targets.set(alias, target);
  return target;
}

function readScalar(reading: Reading, node: Scalar.Parsed, path: Path, keyStart: number | undefined): Json {
  const [start, end] = node.range;
  const written = typeof node.value === 'string' ? unmask(node.value) : unmask(node.source);
  const filled = typeof node.value === 'string' ? reading.fill(written, path) : undefined;
  const text = filled?.text ?? written;
  setSpot(reading, path, { keyStart, start, end, text, broken: (filled?.problems.length ?? 0) > 0 });
  for (const problem of filled?.problems ?? []) {
    reading.mistakes.push({
      offset: start + variableOffset(reading.file.slice(start, end), written, problem.index),
      text: problem.text,
    });
  }
  if (filled?.whole && filled.problems.length === 0 && node.type === 'PLAIN') return plainValue(text);
  const { value } = node;
  if (typeof value === 'string') return text;
  return value === null || typeof value === 'number' || typeof value === 'boolean' ? value : text;
}

/** Where in the source of a scalar the `${` at `index` of its value is: escapes and line folding move it, its number stays. */
function variableOffset(source: string, value: string, index: number): number {
  const number = value.slice(0, index).split('${').length - 1;
  let offset = source.indexOf('${');
  for (let count = 0; count < number && offset >= 0; count++) offset = source.indexOf('${', offset + 2);
  return Math.max(0, offset);
}

function offsetOf(reading: Reading, path: Path, { at = 'value', index }: MistakeSpot = {}): number {
  const spot = reading.spots.get(idOf(path));
  if (spot === undefined) return path.length === 0 ? 0 : offsetOf(reading, path.slice(0, -1), { at: 'key' });
  if (at === 'key') return spot.keyStart ?? spot.start;
  if (index === undefined || spot.text === undefined) return spot.start;
  const within = reading.file.slice(spot.start, spot.end).indexOf(spot.text);
  return within < 0 ? spot.start : spot.start + within + index;
}

function setSpot(reading: Reading, path: Path, spot: Spot): void {
  reading.spots.set(idOf(path), spot);
}

function idOf(path: Path): string {
  return path.join('\0');
}

function keyText(key: unknown): string | undefined {
  if (isAlias(key) || isCollection(key)) return undefined;
  if (!isScalar(key)) return '';
  return unmask(typeof key.value === 'string' ? key.value : (key.source ?? String(key.value)));
}

function isPlain(node: unknown): boolean {
  return isScalar(node) && node.type === 'PLAIN';
}

function startOf(node: unknown): number | undefined {
  return asParsed(node)?.range[0];
}

/** Nodes that came from a file have a place; the library's types do not say so of what a collection holds. */
function asParsed(node: unknown): ParsedNode | null {
  return isParsed(node) ? node : null;
}

function isParsed(node: unknown): node is ParsedNode {
  return (isScalar(node) || isCollection(node) || isAlias(node)) && Array.isArray(node.range);
}
