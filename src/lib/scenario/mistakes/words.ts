/** More of an offending text is not shown: a mistake is one line. */
const MAX_SHOWN_CHARS = 60;

/** A text in quotes, in one line: escapes made visible, cut when long. */
export function quote(text: string): string {
  return JSON.stringify(text.length > MAX_SHOWN_CHARS ? `${text.slice(0, MAX_SHOWN_CHARS)}…` : text);
}

/** `a`, `a or b`, `a, b or c`. */
export function listOr(words: readonly string[]): string {
  const head = words.slice(0, -1).join(', ');
  const last = words.at(-1) ?? '';
  return head === '' ? last : `${head} or ${last}`;
}

/** `1 mistake`, `2 mistakes`. */
export function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}
