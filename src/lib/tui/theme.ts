import { asciiText, plainText } from './text/plain-text.ts';

/** What a piece of text means; a theme decides how that looks. Never the only carrier of a state: a glyph and a word say it as well. */
export type Tone = 'plain' | 'strong' | 'dim' | 'good' | 'warn' | 'bad' | 'accent';

export interface Glyphs {
  /** The cells of the widest mark (the next six), so that words behind marks stand below each other. */
  readonly markCells: number;
  readonly ok: string;
  readonly bad: string;
  readonly warn: string;
  readonly info: string;
  /** A state that has not begun, and one that lasts. */
  readonly idle: string;
  readonly active: string;
  readonly ellipsis: string;
  readonly separator: string;
  /** Windows on a time axis: planned, and in force; the moment now. */
  readonly planned: string;
  readonly inForce: string;
  readonly now: string;
  readonly axis: string;
  readonly axisStart: string;
  readonly axisMark: string;
  readonly axisEnd: string;
  /** A measurement within and out of tolerance, in a row of many. */
  readonly tickOk: string;
  readonly tickBad: string;
  /** Levels of a sparkline, the lowest first. */
  readonly levels: readonly string[];
}

export interface Theme {
  readonly glyphs: Glyphs;
  /** Puts a tone's colour around finished text; the text itself without colours. */
  readonly paint: (tone: Tone, text: string) => string;
  /** Text from outside, harmless and in characters that the terminal can show. */
  readonly clean: (raw: string) => string;
}

export interface ThemeOptions {
  readonly colour: boolean;
  readonly ascii: boolean;
}

export function createTheme({ colour, ascii }: ThemeOptions): Theme {
  return {
    glyphs: ascii ? ASCII : UNICODE,
    paint: colour
      ? (tone, text) => (text === '' ? text : `${COLOURS[tone][0]}${text}${COLOURS[tone][1]}`)
      : (_, text) => text,
    clean: ascii ? asciiText : plainText,
  };
}

/** None of them has an emoji presentation, which some terminals draw two cells wide. */
const UNICODE: Glyphs = {
  markCells: 1,
  ok: '✓',
  bad: '✗',
  warn: '!',
  info: '·',
  idle: '○',
  active: '●',
  ellipsis: '…',
  separator: '·',
  planned: '░',
  inForce: '▓',
  now: '┃',
  axis: '─',
  axisStart: '├',
  axisMark: '┼',
  axisEnd: '┤',
  tickOk: '·',
  tickBad: '✗',
  levels: ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
};

const ASCII: Glyphs = {
  markCells: 2,
  ok: 'ok',
  bad: 'x',
  warn: '!',
  info: '-',
  idle: 'o',
  active: '*',
  ellipsis: '~',
  separator: '-',
  planned: '.',
  inForce: '#',
  now: '|',
  axis: '-',
  axisStart: '+',
  axisMark: '+',
  axisEnd: '+',
  tickOk: '.',
  tickBad: 'x',
  levels: ['_', '.', ':', '-', '=', '+', '*', '#'],
};

/** Select Graphic Rendition, on and off; the sixteen colours of the terminal's own palette, so that they fit its background. */
const COLOURS: Readonly<Record<Tone, readonly [string, string]>> = {
  plain: ['', ''],
  strong: ['\u001b[1m', '\u001b[22m'],
  dim: ['\u001b[2m', '\u001b[22m'],
  good: ['\u001b[32m', '\u001b[39m'],
  warn: ['\u001b[33m', '\u001b[39m'],
  bad: ['\u001b[31m', '\u001b[39m'],
  accent: ['\u001b[36m', '\u001b[39m'],
};
