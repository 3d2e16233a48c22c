/** Colours for text, or none of them: state is always said in words and glyphs as well. */
export interface Paint {
  good(text: string): string;
  bad(text: string): string;
  warn(text: string): string;
  strong(text: string): string;
  faint(text: string): string;
}

/** SGR codes (ECMA-48, 8.3.117). */
export function createPaint(colour: boolean): Paint {
  const sgr = (on: number, off: number) => (text: string) => (colour ? `\u001b[${on}m${text}\u001b[${off}m` : text);
  return { good: sgr(32, 39), bad: sgr(31, 39), warn: sgr(33, 39), strong: sgr(1, 22), faint: sgr(2, 22) };
}
