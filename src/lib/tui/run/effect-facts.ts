import type { Json } from '../../events/json.ts';
import type { Effect } from '../../events/run-events.ts';
import { formatDurationMs, formatPercent, formatSizeBytes } from '../../wire/quantities.ts';

/**
 * What a fault delivered next to what was asked, a fact each, the comparable ones first: `p50 401ms asked 400ms`, `29.7% asked 30%`,
 * `cpu 2.1s`.
 */
export function effectFacts({ requested, delivered }: Pick<Effect, 'requested' | 'delivered'>): readonly string[] {
  return Object.entries(delivered)
    .flatMap(([name, value]) => {
      const asked = requested[name];
      const median = isRecord(value) ? value.p50 : undefined;
      if (typeof median === 'number')
        return [{ rank: 0, text: `p50 ${quantity(name, median)}${askedText(name, asked)}` }];
      if (typeof value !== 'number') return [];
      const label = typeof asked === 'number' && hasUnit(name) ? '' : `${wordsOf(name)} `;
      return [
        { rank: typeof asked === 'number' ? 1 : 2, text: `${label}${quantity(name, value)}${askedText(name, asked)}` },
      ];
    })
    .sort((a, b) => a.rank - b.rank)
    .map(({ text }) => text);
}

function askedText(name: string, asked: Json | undefined): string {
  return typeof asked === 'number' ? ` asked ${quantity(name, asked)}` : '';
}

const UNITS: readonly (readonly [RegExp, (value: number) => string])[] = [
  [/Ms$/, formatDurationMs],
  [/[pP]ercent(?:Of[A-Z]\w*)?$/, formatPercent],
  [/Ratio$/, (value) => formatPercent(value * 100)],
  [/Bytes$/, formatSizeBytes],
  [/PerSecond$/, (value) => `${plainNumber(value)}/s`],
  [/Seconds$/, (value) => `${plainNumber(value)}s`],
];

function unitOf(name: string): (typeof UNITS)[number] | undefined {
  return UNITS.find(([suffix]) => suffix.test(name));
}

function hasUnit(name: string): boolean {
  return unitOf(name) !== undefined;
}

function quantity(name: string, value: number): string {
  return (unitOf(name)?.[1] ?? plainNumber)(value);
}

/** At most two decimals. */
function plainNumber(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** `cpuSeconds` → `cpu`, `bytesSeen` → `bytes seen`. */
function wordsOf(name: string): string {
  const bare = name.replace(unitOf(name)?.[0] ?? '', '') || name;
  return bare.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function isRecord(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
