import { z } from 'zod';
import { AppError } from '../errors/app-error.ts';
import { BALANCER_KINDS } from '../resilience/balance.ts';
import { checkBreakerOptions, type BreakerOptions, type BreakerWindow } from '../resilience/breaker-options.ts';
import { MAX_KEYS, MAX_TRUSTED_HOPS, RateLimit } from '../resilience/rate-limit.ts';
import { durationSchema, percentSchema, rateSchema, sizeSchema } from '../wire/quantities.ts';
import {
  UNPROTECTED,
  type BalanceRule,
  type BreakerRule,
  type FallbackRule,
  type KeyedBy,
  type LimitRule,
  type ProtectionOptions,
} from './protection.ts';
import { matchSchema } from './scope.ts';
import { headerNameSchema, headerValueSchema } from './scope/headers.ts';

/** A day: longer is a slip of the unit. */
const MAX_MS = 86_400_000;
const MAX_LIMITS = 32;
const MAX_ROUTES = 32;
const MAX_ATTEMPTS = 10;

const time = durationSchema.refine((ms) => ms > 0 && ms <= MAX_MS, {
  error: 'expected a duration above 0, at most 24h',
});
const status = z.int().min(100).max(599);
const share = percentSchema.refine((percent) => percent > 0, { error: 'expected a percentage above 0%' });
const trials = z.int().min(1).max(1000);

const keySchema = z
  .union(
    [
      z.literal('route').transform((): KeyedBy => ({ by: 'route' })),
      z.literal('source').transform((): KeyedBy => ({ by: 'source', trustedHops: 0 })),
      z
        .strictObject({
          source: z.strictObject({
            trustedHops: z
              .int()
              .min(1)
              .max(MAX_TRUSTED_HOPS)
              .meta({ description: 'how many proxies of your own stand in front: X-Forwarded-For is believed so far' }),
          }),
        })
        .transform(({ source }): KeyedBy => ({ by: 'source', ...source })),
      z.strictObject({ header: headerNameSchema }).transform(({ header }): KeyedBy => ({ by: 'header', header })),
    ],
    { error: 'expected route, source, {source: {trustedHops: 1}} or {header: NAME}' },
  )
  .meta({ description: 'route: all together; source: by client address; {header: NAME}: by its value' });

const ruleNameSchema = z
  .string()
  .regex(/^[\x21-\x7e]{1,64}$/, 'expected a name of at most 64 printable characters without blanks')
  .meta({ description: 'in headers, events and metrics' });

const limitShape = z.strictObject({
  name: ruleNameSchema.optional(),
  rate: rateSchema.meta({ description: 'how fast tokens come back, such as 100/s' }),
  burst: z.int().min(1).max(1_000_000).meta({ description: 'tokens at most; default: one second’s worth' }).optional(),
  by: keySchema.prefault('route'),
  keys: z.int().min(1).max(MAX_KEYS).meta({ description: 'keys with a bucket of their own' }).optional(),
  shadow: z.boolean().meta({ description: 'decide and count, but let everything pass' }).prefault(false),
  match: matchSchema.optional(),
});
type LimitFile = z.output<typeof limitShape>;

const limitSchema = limitShape.superRefine((limit, context) =>
  complainOf(context, () => new RateLimit(readLimit(limit, 0))),
);

const breakerFields = {
  consecutiveFailures: z
    .union([z.literal(false), z.int().min(0).max(1_000_000)])
    .meta({ description: 'opens when MORE than so many failed one after the other; false: never for that; default 5' })
    .optional(),
  failureRate: share.meta({ description: 'opens when at least this share of the window failed' }).optional(),
  slow: time.meta({ description: 'a request that takes longer is slow' }).optional(),
  slowRate: share.meta({ description: 'opens when at least this share of the window was slow' }).optional(),
  window: z
    .union(
      [
        z
          .int()
          .min(1)
          .max(1_000_000)
          .transform((calls): BreakerWindow => ({ kind: 'count', calls })),
        time.transform((windowMs): BreakerWindow => ({ kind: 'time', windowMs })),
      ],
      { error: 'expected a number of requests such as 100, or a duration such as 10s' },
    )
    .meta({ description: 'what rates are taken of: the last so many requests, or those of this time; default 100' })
    .optional(),
  minimum: z.int().min(1).max(1_000_000).meta({ description: 'requests in the window before rates count' }).optional(),
  open: time.meta({ description: 'how long it stays open; default 30s' }).optional(),
  openMax: time.meta({ description: 'the open time doubles with each failed trial up to this' }).optional(),
  trials: trials.meta({ description: 'requests let through half-open; default 10' }).optional(),
  trialSuccesses: trials.meta({ description: 'successful trials that close it; default: all' }).optional(),
};

const routeShape = z.strictObject({
  name: ruleNameSchema,
  match: matchSchema.meta({ description: 'whose requests it judges' }),
  ...breakerFields,
});

type BreakerFields = Omit<z.output<typeof routeShape>, 'name' | 'match'>;

const breakerShape = z.strictObject({
  per: z.enum(['service', 'endpoint']).prefault('service').meta({
    description: 'one for the service, or one for each endpoint: then the others take its requests',
  }),
  ...breakerFields,
  routes: z
    .array(routeShape.superRefine(checkRates))
    .max(MAX_ROUTES)
    .meta({ description: 'breakers of their own for some requests: each goes by the first that it fits' })
    .optional(),
});
type BreakerFile = z.output<typeof breakerShape>;

const breakerSchema = breakerShape.superRefine((breaker, context) => {
  checkRates(breaker, context);
  const names = (breaker.routes ?? []).map(({ name }) => name);
  for (const [i, name] of names.entries())
    if (names.indexOf(name) < i)
      context.addIssue({
        code: 'custom',
        message: `another route is called "${name}" already`,
        path: ['routes', i, 'name'],
      });
});

/** What is wrong with a breaker, that of the service or of a route. */
function checkRates(breaker: BreakerFields, context: z.RefinementCtx): void {
  if (breaker.slowRate !== undefined && breaker.slow === undefined)
    context.addIssue({ code: 'custom', message: '`slowRate` needs `slow`: what is slow?', path: ['slowRate'] });
  else complainOf(context, () => checkBreakerOptions(readBreakerFields(breaker)));
}

const balanceSchema = z
  .union(
    [
      z.enum(BALANCER_KINDS).transform((kind) => ({ kind })),
      z.strictObject({
        kind: z.enum(BALANCER_KINDS),
        key: keySchema.optional(),
        panic: percentSchema
          .meta({ description: 'health is ignored when a smaller share is healthy; default 50%' })
          .optional(),
        slowStart: time.meta({ description: 'how long an endpoint that is back takes to its full share' }).optional(),
      }),
    ],
    { error: `expected ${BALANCER_KINDS.join(', ')}, or {kind: …, key: …}` },
  )
  .meta({ description: 'how requests are spread over the endpoints; default round_robin' });

const retriesSchema = z.strictObject({
  attempts: z.int().min(2).max(MAX_ATTEMPTS).prefault(2).meta({ description: 'tries at most, with the first' }),
  statuses: z.array(status).max(100).prefault([502, 503, 504]).meta({
    description: 'answers that are tried again elsewhere, beside connections that fail',
  }),
  methods: z
    .array(z.string().regex(/^[A-Z]{1,32}$/, 'expected a method such as POST'))
    .max(32)
    .prefault([])
    .meta({ description: 'methods that may be sent twice although they are not idempotent, such as POST' }),
  budget: percentSchema.prefault('20%').meta({ description: 'retries at most, as a share of requests' }),
  budgetMinimum: rateSchema.prefault('10/s').meta({ description: 'retries that are always allowed' }),
  timeout: time
    .meta({ description: 'how long one try may take to begin its answer before another is made in its place' })
    .optional(),
});

const fallbackSchema = z
  .strictObject({
    cache: z
      .union([
        z.boolean().transform((isOn) => (isOn ? {} : undefined)),
        z.strictObject({
          size: sizeSchema.meta({ description: 'bytes of all answers together; default 16MiB' }).optional(),
          keep: time
            .meta({ description: 'served up to this age although the service did not allow it stale' })
            .optional(),
        }),
      ])
      .prefault(true)
      .meta({ description: 'the last good answers, as far as RFC 9111 lets them be kept' }),
    answer: z
      .strictObject({
        status: status.prefault(200),
        headers: z.record(headerNameSchema, headerValueSchema).prefault({}),
        body: z.string().max(65_536).prefault(''),
      })
      .meta({ description: 'for requests that the cache has nothing for' })
      .optional(),
    on: z
      .array(z.enum(['open', 'failed', 'timeout']))
      .min(1)
      .prefault(['open', 'failed', 'timeout'])
      .meta({ description: 'open: the breaker is; failed: no answer, or 500, 502, 503, 504; timeout' }),
    match: matchSchema.optional(),
  })
  .refine(({ cache, answer }) => cache !== undefined || answer !== undefined, {
    error: 'a fallback needs `cache` or `answer`',
  });

/** The keys of a service that protect it and choose among its endpoints; one schema for scenarios and for the proxy's own file. */
export const protectionShape = {
  balance: balanceSchema.optional(),
  limits: z
    .array(limitSchema)
    .max(MAX_LIMITS)
    .optional()
    .meta({ description: 'rate limits: a request is charged to each that fits it, or to none when one refuses' }),
  breaker: breakerSchema.optional().meta({ description: 'the circuit breaker' }),
  retries: retriesSchema.optional().meta({ description: 'sending requests again, to another endpoint' }),
  fallback: fallbackSchema.optional().meta({ description: 'what is answered when the service does not' }),
  timeout: time.optional().meta({ description: 'how long the service may take to begin its answer' }),
};

export type ProtectionFile = z.output<z.ZodObject<typeof protectionShape>>;

/** What the proxy takes for these keys; undefined when none is given. Throws AppError `usage` for what cannot be. */
export function readProtection(file: ProtectionFile): ProtectionOptions | undefined {
  const { balance, limits, breaker, retries, fallback, timeout } = file;
  if ([balance, limits, breaker, retries, fallback, timeout].every((key) => key === undefined)) return undefined;
  return {
    ...UNPROTECTED,
    limits: (limits ?? []).map((limit, index) => readLimit(limit, index)),
    breaker: breaker && readBreaker(breaker),
    balance: balance && readBalance(balance),
    retries: retries && {
      attempts: retries.attempts,
      statuses: retries.statuses,
      alsoMethods: retries.methods,
      budget: { ratioPercent: retries.budget, minRetriesPerSecond: retries.budgetMinimum },
      tryTimeoutMs: retries.timeout,
    },
    fallback: fallback && readFallback(fallback),
    timeoutMs: timeout,
  };
}

function readLimit(limit: LimitFile, index: number): LimitRule {
  const { name = `limit-${index + 1}`, rate, burst, by, keys, shadow, match } = limit;
  return {
    ...{ name, ratePerSecond: rate, key: by, shadow, match },
    ...(burst === undefined ? {} : { burst }),
    ...(keys === undefined ? {} : { keys }),
  };
}

function readBreaker({ per, routes, ...breaker }: BreakerFile): BreakerRule {
  const own = readBreakerFields(breaker);
  const judged = routes?.map(({ name, match, ...route }) => ({ ...readBreakerFields(route), name, match }));
  return { per, ...own, ...(judged === undefined ? {} : { routes: judged }) };
}

function readBreakerFields(breaker: BreakerFields): BreakerOptions {
  const { consecutiveFailures, failureRate, slow, slowRate, window, minimum, open, openMax } = breaker;
  return {
    ...{ consecutiveFailures, failurePercent: failureRate, slowMs: slow, slowPercent: slowRate },
    ...{ window, minimumCalls: minimum, openMs: open, openMaxMs: openMax },
    ...{ trials: breaker.trials, trialSuccesses: breaker.trialSuccesses },
  };
}

function readBalance(balance: z.output<typeof balanceSchema>): BalanceRule {
  if (!('key' in balance)) return { kind: balance.kind, key: undefined };
  const { kind, key, panic, slowStart } = balance;
  return { kind, key, panicPercent: panic, slowStartMs: slowStart };
}

function readFallback({ cache, answer, on, match }: z.output<typeof fallbackSchema>): FallbackRule {
  return {
    cache: cache && readCache(cache),
    fixed: answer && { ...answer, headers: Object.entries(answer.headers), body: Buffer.from(answer.body) },
    ...{ on, match },
  };
}

function readCache({ size, keep }: { size?: number | undefined; keep?: number | undefined }): FallbackRule['cache'] {
  return { ...(size === undefined ? {} : { limitBytes: size }), ...(keep === undefined ? {} : { keepMs: keep }) };
}

/** What only the machine itself knows to be wrong. */
function complainOf(context: z.RefinementCtx, check: () => unknown): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    context.addIssue({
      code: 'custom',
      message: error.hint === undefined ? error.message : `${error.message}; ${error.hint}`,
    });
  }
}
