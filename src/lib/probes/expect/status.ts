import { z } from 'zod';

/** HTTP statuses that are within tolerance: inclusive ranges, as written and as numbers. */
export interface StatusSet {
  readonly text: string;
  readonly ranges: readonly { readonly from: number; readonly to: number }[];
}

const DESCRIPTION = 'a status such as 200, a range such as 200-299, or a list of these';
const RANGE = /^([1-5]\d\d)(?:-([1-5]\d\d))?$/;

const statusItem = z.union([
  z.number().int().min(100).max(599),
  z.string().regex(RANGE, { error: `expected ${DESCRIPTION}` }),
]);

/** `200`, `"200-299"` or a list of these. */
export const statusSchema = z
  .union([statusItem, z.array(statusItem).min(1)], { error: `expected ${DESCRIPTION}` })
  .meta({ description: DESCRIPTION })
  .transform((written, context): StatusSet => {
    const items = Array.isArray(written) ? written : [written];
    const ranges = items.map(parseRange);
    for (const { from, to } of ranges) {
      if (from > to) context.addIssue({ code: 'custom', message: `the range ${from}-${to} is empty` });
    }
    return { text: items.join(', '), ranges };
  });

function parseRange(item: number | string): { from: number; to: number } {
  const [, from, to = from] = RANGE.exec(String(item)) ?? [];
  return { from: Number(from), to: Number(to) };
}

/** What is wrong with a status, or undefined. */
export function statusFault(status: number, expected: StatusSet): string | undefined {
  const within = expected.ranges.some(({ from, to }) => status >= from && status <= to);
  return within
    ? undefined
    : `status ${status} is not ${expected.ranges.length > 1 ? 'one of' : 'in'} ${expected.text}`;
}
