import { z } from 'zod';
import { AppError } from '../errors/app-error.ts';
import { durationSchema } from '../wire/quantities.ts';
import { parseHealthCheck, type HealthCheck, type HealthCheckRequest } from './health-check.ts';

const intervalSchema = durationSchema.refine((ms) => ms >= 200 && ms <= 3_600_000, {
  error: 'expected a duration from 200ms to 1h',
});
const timeoutSchema = durationSchema.refine((ms) => ms >= 10 && ms <= 60_000, {
  error: 'expected a duration from 10ms to 1m',
});

const timesShape = {
  interval: intervalSchema.meta({ description: 'from one check to the next; default 5s, at least 200ms' }).optional(),
  timeout: timeoutSchema
    .meta({ description: 'until the whole answer has come; default 1s, or a quarter of a short interval' })
    .optional(),
  rise: z
    .int()
    .min(1)
    .max(100)
    .meta({ description: 'good checks in a row that make it healthy; default 2' })
    .optional(),
  fall: z
    .int()
    .min(1)
    .max(100)
    .meta({ description: 'bad checks in a row that make it unhealthy; default 3' })
    .optional(),
};

const statusSchema = z.int().min(200).max(599);

const httpShape = z.strictObject({
  path: z.string().meta({ description: 'what is asked for with GET; default /health' }).optional(),
  status: z
    .union([statusSchema, z.array(statusSchema).min(1).max(100)])
    .meta({ description: 'answers that are good; default 200' })
    .optional(),
  host: z.string().meta({ description: 'the Host header; default: the endpoint’s address' }).optional(),
  ...timesShape,
});

const tcpShape = z.strictObject({
  tcp: z.literal(true).meta({ description: 'a connection that opens is enough' }),
  ...timesShape,
});

/** How the endpoints of a service are checked, as configuration files write it; comes out as the check. */
export const healthSchema = z
  .union(
    [
      z.string().transform((path): HealthCheckRequest => ({ path })),
      tcpShape.transform(readTcp),
      httpShape.transform(readHttp),
    ],
    {
      error: 'expected a path such as /health, or {path: /health, interval: 5s}, or {tcp: true}',
    },
  )
  .transform((request, context): HealthCheck => {
    try {
      return parseHealthCheck(request);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      context.addIssue({ code: 'custom', message: error.message });
      return z.NEVER;
    }
  });

type Times = Pick<z.output<typeof tcpShape>, 'interval' | 'timeout' | 'rise' | 'fall'>;

function readTimes({ interval, timeout, rise, fall }: Times) {
  return {
    ...(interval === undefined ? {} : { intervalMs: interval }),
    ...(timeout === undefined ? {} : { timeoutMs: timeout }),
    ...(rise === undefined ? {} : { rise }),
    ...(fall === undefined ? {} : { fall }),
  };
}

function readTcp(check: z.output<typeof tcpShape>): HealthCheckRequest {
  return { kind: 'tcp', ...readTimes(check) };
}

function readHttp({ path, status, host, ...times }: z.output<typeof httpShape>): HealthCheckRequest {
  return {
    ...readTimes(times),
    ...(path === undefined ? {} : { path }),
    ...(status === undefined ? {} : { statuses: [status].flat() }),
    ...(host === undefined ? {} : { hostHeader: host }),
  };
}
