import type { z } from 'zod';
import {
  byteRateSchema,
  durationSchema,
  parseBytesPerSecond,
  parseDurationMs,
  parsePercent,
  parseRatePerSecond,
  parseSizeBytes,
  percentSchema,
  rateSchema,
  sizeSchema,
} from '../../wire/quantities.ts';

interface Quantity {
  readonly schema: z.ZodType;
  readonly unit: string;
  parse(text: string): number | undefined;
}

const QUANTITIES = {
  duration: { schema: durationSchema, unit: 'ms', parse: parseDurationMs },
  size: { schema: sizeSchema, unit: 'B', parse: parseSizeBytes },
  percent: { schema: percentSchema, unit: '%', parse: parsePercent },
  rate: { schema: rateSchema, unit: '/s', parse: parseRatePerSecond },
  byteRate: { schema: byteRateSchema, unit: 'B/s', parse: parseBytesPerSecond },
} as const satisfies Readonly<Record<string, Quantity>>;

/** Units as some people write them, and as they are written here. */
const OTHER_UNITS: readonly (readonly [RegExp, string])[] = [
  [/(?:milliseconds?|millis|msecs?)$/i, 'ms'],
  [/(?:minutes?|mins?)$/i, 'm'],
  [/(?:hours?|hrs?)$/i, 'h'],
  [/(?:seconds?|secs?)$/i, 's'],
  [/\/(?:second|sec)$/i, '/s'],
  [/\/(?:minute|min)$/i, '/m'],
  [/ ?rps$/i, '/s'],
  [/ ?percent$/i, '%'],
  [/$/, '/s'],
];

/** The kind of quantity that a message of `wire/quantities.ts` asks for, if it is one. */
export function lookupQuantity(message: string): Quantity | undefined {
  return Object.values(QUANTITIES).find(({ schema }) => schema.safeParse('').error?.issues[0]?.message === message);
}

/** What to write instead of a text that is nearly a quantity: the unit is missing, or written in another way. */
export function hintQuantity(quantity: Quantity, written: string): string | undefined {
  const compact = written.replaceAll(/[\s_]/g, '');
  if (/^\d+(?:\.\d+)?$/.test(compact)) {
    const withUnit = `${compact}${quantity.unit}`;
    return quantity.parse(withUnit) === undefined ? undefined : `has no unit; write ${withUnit}`;
  }
  for (const candidate of [compact, ...OTHER_UNITS.map(([unit, ours]) => compact.replace(unit, ours))]) {
    if (candidate !== written && quantity.parse(candidate) !== undefined)
      return `is not understood; write ${candidate}`;
  }
  return undefined;
}

/** The same for a value whose kind of quantity is known; a plain number needs no hint. */
export function hintQuantityOf(kind: keyof typeof QUANTITIES | 'number', written: string): string | undefined {
  return kind === 'number' ? undefined : hintQuantity(QUANTITIES[kind], written);
}
