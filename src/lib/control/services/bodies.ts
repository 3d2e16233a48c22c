import { z } from 'zod';
import type { BreakerOrder } from '../../proxy/protection.ts';
import { MAX_WEIGHT, type RegistrationRequest } from '../../services/registration.ts';
import { formatHostPort } from '../../wire/host-port.ts';
import { parseDurationMs } from '../../wire/quantities.ts';
import { badBody } from '../http/api-error.ts';
import { parseHostPort } from '../http/host-port.ts';

const duration = z.string().transform((text, context) => {
  const ms = parseDurationMs(text);
  if (ms !== undefined) return ms;
  context.addIssue({ code: 'custom', message: `${JSON.stringify(text)} is not a duration such as "30s"` });
  return z.NEVER;
});

const weight = z.int().min(0).max(MAX_WEIGHT);

const registration = z.strictObject({
  id: z.string().optional(),
  service: z.string(),
  /** host:port. */
  address: z.string(),
  weight: weight.optional(),
  tls: z.boolean().optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  health: z.enum(['healthy', 'unhealthy', 'unknown']).optional(),
  ttl: duration.optional(),
  heartbeat: duration.optional(),
});

/** What an endpoint says of itself; without an id it is called by its service and address. Throws ApiError 400. */
export function readRegistration(body: string): RegistrationRequest {
  const { id, service, address, health, ttl, heartbeat, ...rest } = read(registration, body);
  const parsed = parseHostPort(address);
  if (!parsed.ok || parsed.host === '' || parsed.port === 0)
    throw badBody(`address: ${JSON.stringify(address)} is no host:port such as "10.0.0.7:8080"`);
  const { host, port } = parsed;
  return {
    ...rest,
    id: id ?? `${service}/${formatHostPort({ host, port })}`,
    service,
    host,
    port,
    initialHealth: health,
    ttlMs: ttl,
    heartbeatMs: heartbeat,
  };
}

/** `{"weight": 3}`. Throws ApiError 400. */
export function readWeight(body: string): number {
  return read(z.strictObject({ weight }), body).weight;
}

const breakerOrder = z.strictObject({
  to: z.enum(['open', 'closed', 'reset']),
  endpoint: z.string().optional(),
  route: z.string().optional(),
});

/** `{"to": "open"}`, and `endpoint` or `route` for that of one of them. Throws ApiError 400. */
export function readBreakerOrder(body: string): BreakerOrder {
  const { to, endpoint, route } = read(breakerOrder, body);
  if (endpoint !== undefined && route !== undefined) throw badBody('endpoint, route: one of them, not both');
  return { to, endpoint, route };
}

function read<Output>(schema: z.ZodType<Output>, body: string): Output {
  const result = schema.safeParse(parse(body));
  if (result.success) return result.data;
  const told = result.error.issues.map(({ path, message }) => [path.join('.'), message].filter(Boolean).join(': '));
  throw badBody(told.join('; '));
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    throw badBody(error instanceof Error ? error.message : 'it is no JSON');
  }
}
