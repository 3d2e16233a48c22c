import { AppError } from '../../errors/app-error.ts';

/** What a numeric option may be: its name, its bounds (both allowed), what stands when it is left out, and whether it must be whole. */
export interface NumberRule {
  readonly field: string;
  readonly min: number;
  readonly max: number;
  readonly fallback: number;
  readonly isWhole?: boolean;
}

/** The option's value, or its default; throws `AppError('usage')` that names the field, the value and what would be right. */
export function numberWithin(value: number | undefined, rule: NumberRule): number {
  if (value === undefined) return rule.fallback;
  const { field, min, max, isWhole = false } = rule;
  const isRight = Number.isFinite(value) && value >= min && value <= max && (!isWhole || Number.isInteger(value));
  if (isRight) return value;
  throw new AppError(
    'usage',
    `${field} is ${value}: it must be ${isWhole ? 'a whole number' : 'a number'} from ${min} to ${max}`,
    {
      hint: `leave ${field} out for ${rule.fallback}`,
    },
  );
}
