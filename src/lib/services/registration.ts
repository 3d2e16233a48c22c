import { AppError } from '../errors/app-error.ts';
import type { Health } from './health.ts';

/**
 * What an endpoint says of itself. `heartbeat` ones are dropped when they fall silent for `ttlMs`; `static` ones (from a configuration)
 * stay until they are deregistered.
 */
export interface RegistrationRequest {
  /** One for all services: registering it again changes the endpoint that is there. */
  readonly id: string;
  readonly service: string;
  readonly host: string;
  readonly port: number;
  /** Its share of the traffic beside the others', 0 to 1000; 0 gets none. 1 by default. */
  readonly weight?: number | undefined;
  /** Whether it speaks TLS. False by default. */
  readonly tls?: boolean | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** What counts until the first check has decided. `unknown` by default, which gets traffic. */
  readonly initialHealth?: Health | undefined;
  /** `heartbeat` by default: what vanishes without a word must not stay for ever. */
  readonly lifetime?: 'heartbeat' | 'static' | undefined;
  /** 30 s by default: three heartbeats of 10 s, so that two may get lost. */
  readonly ttlMs?: number | undefined;
  /** How often it means to send heartbeats; a third of `ttlMs` by default. The grace after a pause of the registry is one of them. */
  readonly heartbeatMs?: number | undefined;
}

/** A registration that was checked, with its defaults. */
export type Registration = {
  readonly [Field in keyof Required<RegistrationRequest>]: NonNullable<RegistrationRequest[Field]>;
};

export const DEFAULT_TTL_MS = 30_000;
const HEARTBEATS_IN_TTL = 3;
/** Shorter than this, one slow collection of garbage in the service would drop it. */
const MIN_TTL_MS = 100;
/** A day: longer is a mistake of units. */
const MAX_TTL_MS = 86_400_000;
export const MAX_WEIGHT = 1000;
/** As long as a host name can be (RFC 1035 section 2.3.4), for ids and names of services as well. */
const MAX_NAME_CHARS = 253;
/** Metadata is for a version and a zone, not for documents: they are held for every endpoint and sent in every listing. */
const MAX_METADATA_ENTRIES = 64;
const MAX_METADATA_CHARS = 512;

/** Throws AppError `usage` that names the field, its value and what would be right. */
export function parseRegistration(wanted: RegistrationRequest): Registration {
  const ttlMs = wanted.ttlMs ?? DEFAULT_TTL_MS;
  requireName('id', wanted.id);
  requireName('service', wanted.service);
  requireName('host', wanted.host);
  requireWhole('port', wanted.port, 1, 65_535);
  requireWhole('weight', wanted.weight ?? 1, 0, MAX_WEIGHT);
  requireWithin('ttlMs', ttlMs, MIN_TTL_MS, MAX_TTL_MS);
  requireWithin('heartbeatMs', wanted.heartbeatMs ?? ttlMs, 1, ttlMs);
  requireMetadata(wanted.metadata ?? {});
  return {
    id: wanted.id,
    service: wanted.service,
    host: wanted.host,
    port: wanted.port,
    weight: wanted.weight ?? 1,
    tls: wanted.tls ?? false,
    metadata: { ...wanted.metadata },
    initialHealth: wanted.initialHealth ?? 'unknown',
    lifetime: wanted.lifetime ?? 'heartbeat',
    ttlMs,
    heartbeatMs: wanted.heartbeatMs ?? ttlMs / HEARTBEATS_IN_TTL,
  };
}

/** Throws AppError `usage` unless the number is whole and within. */
export function requireWhole(field: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max)
    throw wrong(field, value, `a whole number from ${min} to ${max}`);
}

/** Throws AppError `usage` unless the number is within. */
export function requireWithin(field: string, value: number, min: number, max: number): void {
  if (!(value >= min && value <= max)) throw wrong(field, value, `a number from ${min} to ${max}`);
}

function requireName(field: string, value: string): void {
  const isRight = value.length > 0 && value.length <= MAX_NAME_CHARS && !/[\s\p{Cc}]/u.test(value);
  if (!isRight) throw wrong(field, value, `1 to ${MAX_NAME_CHARS} characters without blanks`);
}

function requireMetadata(metadata: Readonly<Record<string, string>>): void {
  const entries = Object.entries(metadata);
  if (entries.length > MAX_METADATA_ENTRIES)
    throw wrong('metadata', `${entries.length} entries`, `at most ${MAX_METADATA_ENTRIES} entries`);
  const tooLong = entries.find((entry) => entry.some((text) => text.length > MAX_METADATA_CHARS));
  if (tooLong)
    throw wrong(`metadata.${tooLong[0].slice(0, 40)}`, 'longer', `at most ${MAX_METADATA_CHARS} characters each`);
}

/** An option that cannot be taken. */
export function wrong(field: string, value: unknown, right: string): AppError {
  return new AppError('usage', `${field} is ${JSON.stringify(value)}: expected ${right}`);
}
