import { stripVTControlCharacters } from 'node:util';

/**
 * Text from outside (names, error messages, what a service answered) made harmless for a terminal: no escape sequences, no C0 and C1
 * controls, nothing that breaks a line or turns the direction of writing. Runs of blanks become one.
 */
export function plainText(raw: string): string {
  const text = raw.length > MAX_CHARACTERS ? raw.slice(0, MAX_CHARACTERS) : raw;
  return stripVTControlCharacters(text).replace(UNSAFE, ' ').replace(DIRECTIONS, '').trim().normalize('NFC');
}

/** The same in ASCII only: marks dropped (`é` → `e`), common signs spelled out, all else as `?`. */
export function asciiText(raw: string): string {
  return plainText(raw)
    .replace(/[–—−“”„‘’…→≥≤≠×µ·]/gu, (sign) => SPELLED[sign] ?? '?')
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .replace(/[^ -~]/gu, '?');
}

/** No line of a terminal shows more; an error message can be a whole page. */
const MAX_CHARACTERS = 1_000;

const UNSAFE = /[\p{Cc}\p{Zs}\p{Zl}\p{Zp}]+/gu;
/** Marks that turn the direction of what follows, beyond their own text too. */
const DIRECTIONS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

const SPELLED: Readonly<Record<string, string>> = {
  '–': '-',
  '—': '-',
  '−': '-',
  '“': '"',
  '”': '"',
  '„': '"',
  '‘': "'",
  '’': "'",
  '…': '...',
  '→': '->',
  '≥': '>=',
  '≤': '<=',
  '≠': '!=',
  '×': 'x',
  µ: 'u',
  '·': '-',
};
