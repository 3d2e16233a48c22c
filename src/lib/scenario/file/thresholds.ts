import { z } from 'zod';
import type { Condition, Threshold } from '../scenario.ts';
import type { Parsed } from '../parsed.ts';
import { parseCondition, parseThreshold } from '../thresholds.ts';
import { complainInto } from './choice.ts';

/** An item of `gate`. */
export function thresholdSchema(): z.ZodType<Threshold> {
  const description = 'METRIC [before|during|after] OPERATOR VALUE, such as: http.p99 during < 800ms';
  return parsed(parseThreshold, 'expected a threshold such as "http.p99 during < 800ms"').meta({ description });
}

export interface WrittenCondition {
  readonly text: string;
  readonly condition: Condition;
}

/** `when` of a guard. */
export function conditionSchema(): z.ZodType<WrittenCondition> {
  const description = 'METRIC OPERATOR VALUE over the last seconds, such as: errors > 60%; or: probe NAME fails|holds';
  return parsed((text): Parsed<WrittenCondition> => {
    const condition = parseCondition(text);
    return condition.ok ? { ok: true, value: { text, condition: condition.value } } : condition;
  }, 'expected a condition such as "errors > 60%" or "probe NAME fails"').meta({ description });
}

function parsed<Output>(parse: (text: string) => Parsed<Output>, error: string): z.ZodType<Output> {
  return z.string({ error }).transform((text, context): Output => {
    const result = parse(text);
    if (result.ok) return result.value;
    complainInto(context)([], result.problem, { index: result.index });
    return z.NEVER;
  });
}
