import type { GoJson, GoMember } from './go-json.ts';

export type GoParsed =
  | { readonly ok: true; readonly value: GoJson; /** What stands behind the value. */ readonly rest: string }
  | { readonly ok: false; /** In Go's words. */ readonly message: string; readonly at: number };

/** Bodies of the API nest five deep, and a JSON patch some more; a thousand brackets are an attack on the stack. */
const MAX_DEPTH = 200;

/** Reads the first value of a text, as Go's `json.Decoder` does: what comes after it is left. */
export function parseGoJson(text: string): GoParsed {
  const reader = new Reader(text);
  const value = reader.value(0);
  if (value === undefined) return { ok: false, message: reader.message, at: reader.at };
  return { ok: true, value, rest: text.slice(reader.at) };
}

const LITERALS: Readonly<Record<string, readonly [text: string, value: GoJson]>> = {
  t: ['true', { type: 'bool', value: true }],
  f: ['false', { type: 'bool', value: false }],
  n: ['null', { type: 'null' }],
};
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

type GoString = Extract<GoJson, { readonly type: 'string' }>;

/** Reads from left to right; whatever returns undefined has left a message. */
class Reader {
  message = '';
  at = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): GoJson | undefined {
    const first = this.#peek();
    if (first === undefined) return this.#fail(depth === 0 ? 'EOF' : 'unexpected EOF');
    const literal = LITERALS[first];
    if (literal !== undefined) return this.#literal(...literal);
    if (first === '"') return this.#string();
    if (first === '-' || isDigit(first)) return this.#number();
    if (first !== '{' && first !== '[') return this.#unexpected('looking for beginning of value');
    if (depth >= MAX_DEPTH) return this.#fail('exceeded max depth');
    this.at++;
    return first === '{' ? this.#object(depth) : this.#array(depth);
  }

  #object(depth: number): GoJson | undefined {
    const members: GoMember[] = [];
    if (this.#take('}')) return { type: 'object', members };
    for (;;) {
      if (this.#peek() !== '"') return this.#unexpected('looking for beginning of object key string');
      const name = this.#string();
      if (name === undefined) return undefined;
      if (!this.#take(':')) return this.#unexpected('after object key');
      const value = this.value(depth + 1);
      if (value === undefined) return undefined;
      members.push([name.value, value]);
      if (this.#take('}')) return { type: 'object', members };
      if (!this.#take(',')) return this.#unexpected('after object key:value pair');
    }
  }

  #array(depth: number): GoJson | undefined {
    const items: GoJson[] = [];
    if (this.#take(']')) return { type: 'array', items };
    for (;;) {
      const item = this.value(depth + 1);
      if (item === undefined) return undefined;
      items.push(item);
      if (this.#take(']')) return { type: 'array', items };
      if (!this.#take(',')) return this.#unexpected('after array element');
    }
  }

  #literal(word: string, value: GoJson): GoJson | undefined {
    for (const letter of word) {
      if (this.#text[this.at] !== letter) return this.#unexpected(`in literal ${word} (expecting '${letter}')`);
      this.at++;
    }
    return value;
  }

  #number(): GoJson | undefined {
    const start = this.at;
    if (this.#text[this.at] === '-') this.at++;
    if (this.#text[this.at] === '0') this.at++;
    else if (!this.#digits()) return this.#unexpected('in numeric literal');
    if (this.#text[this.at] === '.') {
      this.at++;
      if (!this.#digits()) return this.#unexpected('after decimal point in numeric literal');
    }
    if (/^[eE]$/.test(this.#text[this.at] ?? '')) {
      this.at++;
      if (/^[+-]$/.test(this.#text[this.at] ?? '')) this.at++;
      if (!this.#digits()) return this.#unexpected('in exponent of numeric literal');
    }
    return { type: 'number', text: this.#text.slice(start, this.at) };
  }

  #digits(): boolean {
    const start = this.at;
    while (isDigit(this.#text[this.at] ?? '')) this.at++;
    return this.at > start;
  }

  #string(): GoString | undefined {
    let value = '';
    let start = ++this.at;
    for (;;) {
      const char = this.#text[this.at];
      if (char === undefined || char < ' ') return this.#unexpected('in string literal');
      if (char !== '"' && char !== '\\') {
        this.at++;
        continue;
      }
      value += this.#text.slice(start, this.at++);
      if (char === '"') return { type: 'string', value: value.toWellFormed() };
      const escaped = this.#escape();
      if (escaped === undefined) return undefined;
      value += escaped;
      start = this.at;
    }
  }

  #escape(): string | undefined {
    const char = this.#text[this.at] ?? '';
    if (char !== 'u') {
      const meant = ESCAPES[char];
      if (meant === undefined) this.#unexpected('in string escape code');
      else this.at++;
      return meant;
    }
    const start = ++this.at;
    for (; this.at < start + 4; this.at++) {
      if (/^[0-9a-fA-F]$/.test(this.#text[this.at] ?? '')) continue;
      this.#unexpected('in \\u hexadecimal character escape');
      return undefined;
    }
    return String.fromCharCode(Number.parseInt(this.#text.slice(start, this.at), 16));
  }

  /** The next character that is no blank, unread. */
  #peek(): string | undefined {
    while (/^[ \t\r\n]$/.test(this.#text[this.at] ?? '')) this.at++;
    return this.#text[this.at];
  }

  #take(char: string): boolean {
    if (this.#peek() !== char) return false;
    this.at++;
    return true;
  }

  #unexpected(where: string): GoString | undefined {
    if (this.at >= this.#text.length) return this.#fail('unexpected EOF');
    return this.#fail(`invalid character ${quoteChar(this.#text.slice(this.at, this.at + 2))} ${where}`);
  }

  #fail(message: string): GoString | undefined {
    this.message = message;
    return undefined;
  }
}

function isDigit(char: string): boolean {
  return char >= '0' && char <= '9' && char.length === 1;
}

const QUOTED: Readonly<Record<string, string>> = {
  "'": "\\'",
  '\\': '\\\\',
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};

/** The first character of a text as messages name it: Go looks at bytes, and quotes the first as if it were a character of Latin-1. */
export function quoteChar(text: string): string {
  const byte = Buffer.from(text)[0] ?? 0;
  const char = String.fromCharCode(byte);
  const isPrintable = (byte >= 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
  const hex = byte.toString(16).padStart(byte < 0x80 ? 2 : 4, '0');
  return `'${QUOTED[char] ?? (isPrintable ? char : `\\${byte < 0x80 ? 'x' : 'u'}${hex}`)}'`;
}
