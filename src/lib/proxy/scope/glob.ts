/** The longest pattern taken; matching costs at most its length for each character of what is matched. */
export const MAX_GLOB_LENGTH = 256;

const SLASH = 0x2f;
/** What a place of the pattern asks for, unless it is a character code. */
const STAR = -1;
const DOUBLE_STAR = -2;

/**
 * A test for a glob: `*` stands for any text without `/`, `**` for any text. With `across`, `*` crosses slashes too (header values have no
 * segments). All possible places in the pattern advance together, one character at a time, so that no pattern and no text can make it
 * run longer than their product; a regular expression could.
 */
export function compileGlob(pattern: string, across = false): (text: string) => boolean {
  if (!pattern.includes('*')) return (text) => text === pattern;
  const tokens = parseGlob(pattern, across);
  return (text) => matchTokens(tokens, text);
}

function parseGlob(pattern: string, across: boolean): readonly number[] {
  return (pattern.match(/\*\*|[^]/g) ?? []).map((part) => {
    if (part === '**') return DOUBLE_STAR;
    if (part === '*') return across ? DOUBLE_STAR : STAR;
    return part.charCodeAt(0);
  });
}

function matchTokens(tokens: readonly number[], text: string): boolean {
  let places = new Uint8Array(tokens.length + 1);
  let next = new Uint8Array(tokens.length + 1);
  places[0] = 1;
  passStars(tokens, places);
  for (let i = 0; i < text.length; i++) {
    if (!advance(tokens, places, next, text.charCodeAt(i))) return false;
    passStars(tokens, next);
    [places, next] = [next, places];
  }
  return places[tokens.length] === 1;
}

/** Fills in where those who are at `places` are after one more character; false when nobody is left. */
function advance(tokens: readonly number[], places: Uint8Array, next: Uint8Array, code: number): boolean {
  next.fill(0);
  let isAlive = false;
  for (let place = 0; place < tokens.length; place++) {
    if (places[place] !== 1) continue;
    const token = tokens[place];
    if (token === code) next[place + 1] = 1;
    else if (token === DOUBLE_STAR || (token === STAR && code !== SLASH)) next[place] = 1;
    else continue;
    isAlive = true;
  }
  return isAlive;
}

/** A star may stand for nothing: whoever is before it is also behind it. */
function passStars(tokens: readonly number[], places: Uint8Array): void {
  for (let place = 0; place < tokens.length; place++) {
    if (places[place] === 1 && (tokens[place] ?? 0) < 0) places[place + 1] = 1;
  }
}
