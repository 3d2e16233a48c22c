/** Replaces every secret in a text, or in every text and key of plain data; gives back the same shape. */
export type Redactor = <Value>(value: Value) => Value;

export const MASK = '***';

/** A shorter piece of an encoded secret, or a shorter line of one, would be found by chance in harmless texts. */
const MIN_PIECE_CHARS = 8;

/**
 * Makes a function that masks secrets as they are and as they are likely to turn up: in JSON, in a URL or a form, in base64 (also when other
 * text stands before them, as in `user:secret`), and line by line. Overlapping finds are masked as one.
 */
export function createRedactor(secrets: readonly string[]): Redactor {
  const needles = [...new Set(secrets.flatMap(formsOf))].sort((a, b) => b.length - a.length);
  if (needles.length === 0) return (value) => value;
  // The shape stays what it was; only texts change, which no type of plain data tells apart.
  return <Value>(value: Value) => redactValue(value, needles) as Value;
}

function redactValue(value: unknown, needles: readonly string[]): unknown {
  if (typeof value === 'string') return redactText(value, needles);
  if (typeof value === 'number') return needles.includes(String(value)) ? MASK : value;
  if (Array.isArray(value)) return value.map((item) => redactValue(item, needles));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, item]): [string, unknown] => [
    redactText(key, needles),
    redactValue(item, needles),
  ]);
  return Object.fromEntries(entries);
}

function redactText(text: string, needles: readonly string[]): string {
  const finds = needles.flatMap((needle) => findAll(text, needle)).sort((a, b) => a.start - b.start);
  let masked = '';
  let from = 0;
  for (let index = 0; index < finds.length;) {
    const { start } = finds[index] ?? { start: text.length };
    let end = start;
    for (let find = finds[index]; find && find.start <= end; find = finds[++index]) end = Math.max(end, find.end);
    masked += text.slice(from, start) + MASK;
    from = end;
  }
  return masked + text.slice(from);
}

interface Find {
  readonly start: number;
  readonly end: number;
}

function findAll(text: string, needle: string): Find[] {
  const finds: Find[] = [];
  for (let start = text.indexOf(needle); start >= 0; start = text.indexOf(needle, start + 1)) {
    finds.push({ start, end: start + needle.length });
  }
  return finds;
}

/** Every form of a secret that is worth looking for; none for an empty one. */
function formsOf(secret: string): string[] {
  if (secret === '') return [];
  const lines = secret.split(/\r?\n/).filter((line, _, all) => all.length > 1 && line.trim().length >= MIN_PIECE_CHARS);
  return [secret, ...lines].flatMap((text) => [text, ...encodingsOf(text)]);
}

function encodingsOf(text: string): string[] {
  const url = encodeURIComponent(text.toWellFormed());
  const strictUrl = url.replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
  const urls = [url, strictUrl].flatMap((form) => [form, form.replaceAll('%20', '+')]);
  const lowered = urls.map((form) => form.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()));
  return [JSON.stringify(text).slice(1, -1), ...urls, ...lowered, ...base64FormsOf(text)];
}

/**
 * Base64 of the text behind 0, 1 or 2 other bytes, without the characters at the ends that its neighbours have a part in; in both alphabets.
 * The whole text with its padding counts at any length.
 */
function base64FormsOf(text: string): string[] {
  const bytes = Buffer.from(text);
  const whole = bytes.toString('base64');
  const pieces = [0, 1, 2].map((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replaceAll('=', '');
    const tail = (shift + bytes.length) % 3 === 0 ? 0 : 1;
    return encoded.slice([0, 2, 3][shift], encoded.length - tail);
  });
  const unpadded = [whole.replaceAll('=', ''), ...pieces].filter((piece) => piece.length >= MIN_PIECE_CHARS);
  return [whole, ...unpadded].flatMap((form) => [form, form.replaceAll('+', '-').replaceAll('/', '_')]);
}
