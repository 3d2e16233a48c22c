/**
 * Inside `{ }` and `[ ]` YAML ends an unquoted text at the braces of `${NAME}`. So, before YAML sees the file, the characters of a
 * variable that would end it are replaced, one for one, by characters that Unicode sets aside for such inner use; afterwards they are
 * put back. Places in the file stay the same.
 *
 *   { delay: ${DELAY:-300ms} }   →   { delay: $.DELAY:-300ms. }   (. stands for U+FDD0 and U+FDD1)
 */
const MASKED = '{}[],';
const FIRST_MASK = 0xfdd0;

/** Replaces what would end a variable; one that is not closed on its line is left as it is. */
export function maskVariables(text: string): string {
  let masked = '';
  let from = 0;
  for (let start = text.indexOf('${'); start >= 0; start = text.indexOf('${', from)) {
    const end = endOfVariable(text, start + 2);
    masked += text.slice(from, start) + (end === undefined ? '${' : mask(text.slice(start, end)));
    from = end ?? start + 2;
  }
  return masked + text.slice(from);
}

export function unmask(text: string): string {
  return text.replaceAll(/[\uFDD0-\uFDD4]/g, (char) => MASKED[char.charCodeAt(0) - FIRST_MASK] ?? char);
}

/** The index after the `}` that closes a variable whose name begins at `start`; undefined when its line ends first. */
export function endOfVariable(text: string, start: number): number | undefined {
  let depth = 1;
  for (let index = start; index < text.length; index++) {
    const char = text[index];
    if (char === '\n') return undefined;
    if (char === '{') depth++;
    if (char === '}') depth--;
    if (depth === 0) return index + 1;
  }
  return undefined;
}

function mask(text: string): string {
  return text.replaceAll(/[{}[\],]/g, (char) => String.fromCharCode(FIRST_MASK + MASKED.indexOf(char)));
}
