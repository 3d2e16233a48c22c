import { z } from 'zod';
import { rateSchema } from '../../wire/quantities.ts';
import type { StatusRange } from '../scenario.ts';
import { looseText, someDuration, textLike } from './fields.ts';

/** More than one process can send: beyond it only our own overload would be measured. */
const MAX_RATE_PER_SECOND = 100_000;
/** As many sockets as one address pair has ports. */
const MAX_IN_FLIGHT = 65_535;
const OK_WORDS = 'expected a status such as 200, a range such as 200-399, or a list of them';
const STATUS_RANGE = /^([1-5]\d\d)(?:\s*-\s*([1-5]\d\d))?$/;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** `load`: requests at a constant arrival rate. */
export function loadSchema() {
  return z.strictObject({
    url: urlSchema(),
    method: textLike(/^[A-Z]{1,20}$/, 'a method in capitals, such as GET', 'The HTTP method.').prefault('GET'),
    headers: z
      .record(textLike(TOKEN, 'the name of a header'), looseText('A value, as text.'))
      .prefault({})
      .meta({ description: 'Headers of every request.' }),
    body: looseText('The body of every request.').optional(),
    rate: rateSchema
      .refine((perSecond) => perSecond > 0 && perSecond <= MAX_RATE_PER_SECOND, {
        error: `expected a rate above zero and at most ${MAX_RATE_PER_SECOND}/s`,
      })
      .meta({ description: 'How many requests arrive, whether or not earlier ones are answered, such as 100/s.' }),
    timeout: someDuration('A request that takes longer counts as failed.').prefault('5s'),
    ok: okSchema(),
    maxInFlight: z
      .int()
      .min(1)
      .max(MAX_IN_FLIGHT)
      .prefault(10_000)
      .meta({ description: 'Requests that may be under way at once; one more is not sent and counts as failed.' }),
  });
}

function urlSchema() {
  const error = 'expected a URL such as http://127.0.0.1:7311/checkout';
  return z
    .string({ error })
    .refine((text) => /^https?:\/\/[^\s]+$/.test(text) && URL.canParse(text), { error })
    .meta({ description: 'Where the requests go: usually the `listen` address of a service.' });
}

function okSchema() {
  const status = z.union([z.int(), z.string().meta({ pattern: STATUS_RANGE.source })], { error: OK_WORDS });
  return z
    .union([status, z.array(status).min(1)], { error: OK_WORDS })
    .prefault('200-399')
    .transform((ok, context): readonly StatusRange[] => {
      const listed = Array.isArray(ok) ? ok : [ok];
      const ranges = listed.map((item) => parseStatusRange(String(item)));
      for (const [index, range] of ranges.entries()) {
        const path = Array.isArray(ok) ? [index] : [];
        if (range === undefined) context.addIssue({ code: 'custom', path, message: OK_WORDS });
      }
      return ranges.filter((range) => range !== undefined);
    })
    .meta({ description: 'The statuses that count as success.' });
}

/** `200` and `200-399`; undefined when it is no status or range of them. */
export function parseStatusRange(text: string): StatusRange | undefined {
  const [, first, last = first] = STATUS_RANGE.exec(text) ?? [];
  const [from, to] = [Number(first), Number(last)];
  return from <= to ? { from, to } : undefined;
}
