import type { Json } from '../../events/json.ts';

/**
 * A subset of JSONPath (RFC 9535): the root `$`, names (`.name`, `['name']`), indices (`[0]`, `[-1]` from the end) and
 * wildcards (`.*`, `[*]`). Descendants (`..`), slices, filters and unions are not part of it, and are refused by name.
 *
 *   $.items[*].price        → the price of every item that has one
 *   $['a key'][-1]          → the last element
 */
export type JsonPath = readonly Segment[];

export type Segment =
  | { readonly by: 'name'; readonly name: string }
  | { readonly by: 'index'; readonly index: number }
  | { readonly by: 'wildcard' };

/** Name characters of the shorthand `.name`: letters, digits, `_` and everything beyond ASCII (RFC 9535, section 2.5.1.1). */
const SHORTHAND = /[A-Za-z_\u0080-\u{10ffff}][\w\u0080-\u{10ffff}]*/uy;
const INDEX = /(?:0|-?[1-9]\d*)(?=\s*\])/y;

/** Throws SyntaxError, with the place in the text, when it is not such a path. */
export function parseJsonPath(text: string): JsonPath {
  if (!text.startsWith('$')) throw new SyntaxError('a JSONPath begins with $');
  const segments: Segment[] = [];
  let at = 1;
  while (at < text.length) {
    const [segment, end] = text[at] === '[' ? parseBracket(text, at) : parseDot(text, at);
    segments.push(segment);
    at = end;
  }
  return segments;
}

type Parsed = readonly [segment: Segment, end: number];

function parseDot(text: string, at: number): Parsed {
  if (text[at] !== '.') throw mistake(text, at, 'expected . or [');
  if (text[at + 1] === '.') throw mistake(text, at, 'descendants (..) are not supported');
  if (text[at + 1] === '*') return [{ by: 'wildcard' }, at + 2];
  const name = matchAt(SHORTHAND, text, at + 1);
  if (name === undefined) throw mistake(text, at + 1, "expected a name; write other keys as ['the key']");
  return [{ by: 'name', name }, at + 1 + name.length];
}

function parseBracket(text: string, at: number): Parsed {
  const start = skipBlanks(text, at + 1);
  const [segment, end] = parseSelector(text, start);
  const close = skipBlanks(text, end);
  if (text[close] === ',') throw mistake(text, close, 'several selectors in one [ ] are not supported');
  if (text[close] === ':') throw mistake(text, close, 'slices are not supported');
  if (text[close] !== ']') throw mistake(text, close, 'expected ]');
  return [segment, close + 1];
}

function parseSelector(text: string, at: number): Parsed {
  const first = text[at];
  if (first === '*') return [{ by: 'wildcard' }, at + 1];
  if (first === "'" || first === '"') return parseQuoted(text, at, first);
  if (first === '?') throw mistake(text, at, 'filters are not supported');
  const index = matchAt(INDEX, text, at);
  if (index !== undefined) return [{ by: 'index', index: Number(index) }, at + index.length];
  if (/^-?\d*\s*:/.test(text.slice(at))) throw mistake(text, at, 'slices are not supported');
  throw mistake(text, at, "expected an index, * or a quoted key such as ['the key']");
}

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', '/': '/', '\\': '\\' };

function parseQuoted(text: string, at: number, quote: string): Parsed {
  let name = '';
  for (let i = at + 1; i < text.length; i++) {
    const unit = text[i] ?? '';
    if (unit === quote) return [{ by: 'name', name }, i + 1];
    if (unit !== '\\') {
      name += unit;
      continue;
    }
    const escape = text[++i] ?? '';
    if (escape === 'u') {
      const digits = /^[\da-fA-F]{4}/.exec(text.slice(i + 1))?.[0];
      if (digits === undefined) throw mistake(text, i, 'expected four hexadecimal digits after \\u');
      name += String.fromCharCode(Number.parseInt(digits, 16));
      i += 4;
    } else {
      const meant = escape === quote ? quote : ESCAPES[escape];
      if (meant === undefined) throw mistake(text, i, `unknown escape \\${escape}`);
      name += meant;
    }
  }
  throw mistake(text, at, `the quote ${quote} is not closed`);
}

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

function skipBlanks(text: string, at: number): number {
  let i = at;
  while (i < text.length && /[ \t\r\n]/.test(text[i] ?? '')) i++;
  return i;
}

function mistake(text: string, at: number, what: string): SyntaxError {
  const found = at < text.length ? `, found ${JSON.stringify(text.slice(at, at + 10))}` : ', found the end';
  return new SyntaxError(`${what} at character ${at + 1}${what.startsWith('expected') ? found : ''}`);
}

/** The values that the path selects, in document order; none when a step finds nothing. */
export function selectJson(path: JsonPath, root: Json): Json[] {
  return path.reduce<Json[]>((values, segment) => values.flatMap((value) => step(segment, value)), [root]);
}

function step(segment: Segment, value: Json): readonly Json[] {
  if (value === null || typeof value !== 'object') return [];
  switch (segment.by) {
    case 'wildcard':
      return isArray(value) ? value : Object.values(value);
    case 'index': {
      const found = isArray(value) ? value.at(segment.index) : undefined;
      return found === undefined ? [] : [found];
    }
    case 'name': {
      const found = !isArray(value) && Object.hasOwn(value, segment.name) ? value[segment.name] : undefined;
      return found === undefined ? [] : [found];
    }
  }
}

/** `Array.isArray` does not narrow readonly arrays. */
function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
