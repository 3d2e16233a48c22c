/**
 * How many cells a text takes on a terminal. Wide (East Asian Width W and F, Unicode 17) and emoji clusters take two, marks and
 * other invisible characters none, all else one.
 */
export function displayWidth(text: string): number {
  if (PRINTABLE_ASCII.test(text)) return text.length;
  let width = 0;
  for (const { segment } of segmenter.segment(text)) width += clusterWidth(segment);
  return width;
}

/** The text if it fits into `width` cells, else its beginning with `ellipsis` behind; never half a wide character. */
export function cutToWidth(text: string, width: number, ellipsis: string): string {
  if (width <= 0) return '';
  if (displayWidth(text) <= width) return text;
  const room = width - displayWidth(ellipsis);
  let cut = '';
  let used = 0;
  for (const { segment } of segmenter.segment(text)) {
    used += clusterWidth(segment);
    if (used > room) break;
    cut += segment;
  }
  return cut + ellipsis;
}

/** Exactly `width` cells: cut, or filled up with spaces. */
export function padToWidth(text: string, width: number, ellipsis: string): string {
  const cut = cutToWidth(text, width, ellipsis);
  return cut + ' '.repeat(Math.max(0, width - displayWidth(cut)));
}

const PRINTABLE_ASCII = /^[ -~]*$/;
const VISIBLE =
  /[^\p{Default_Ignorable_Code_Point}\p{Control}\p{Format}\p{Nonspacing_Mark}\p{Enclosing_Mark}\p{Surrogate}]/u;
/** Marks with a cell of their own: Indic vowel signs, half-width voicing marks. */
const SPACING_MARKS = /[\p{Spacing_Mark}\uff9e\uff9f]/gu;
const EMOJI = /^\p{RGI_Emoji}$/v;
const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

function clusterWidth(cluster: string): number {
  const at = cluster.search(VISIBLE);
  if (at < 0) return 0;
  if (EMOJI.test(cluster)) return 2;
  const base = cluster.codePointAt(at) ?? 0;
  const marks = cluster.slice(at + (base > 0xffff ? 2 : 1)).match(SPACING_MARKS)?.length ?? 0;
  return (isWide(base) ? 2 : 1) + marks;
}

/** First and last code points of the wide ranges, in order; gaps that hold no character are closed. */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2329, 0x232a],
  [0x2630, 0x2637],
  [0x268a, 0x268f],
  [0x2e80, 0x303e],
  [0x3041, 0x3247],
  [0x3250, 0xa4c6],
  [0xa960, 0xa97c],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6b],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x1b2fb],
  [0x1d300, 0x1d356],
  [0x1d360, 0x1d376],
  [0x1f200, 0x1f265],
  [0x20000, 0x3fffd],
];

function isWide(codePoint: number): boolean {
  return codePoint >= 0x1100 && WIDE.some(([first, last]) => codePoint >= first && codePoint <= last);
}
