import { BlockList, isIP } from 'node:net';
import { z } from 'zod';
import type { JsonObject } from '../../events/json.ts';
import { isGrpcContentType, parseGrpcPath } from '../../wire/grpc.ts';
import { lookupQuery } from '../../wire/http-target.ts';
import type { ConnectionView, RequestView } from '../views.ts';
import { baggageMember } from './baggage.ts';
import { compileGlob, MAX_GLOB_LENGTH } from './glob.ts';
import { headerNameSchema, headerValueSchema } from './headers.ts';

const methodSchema = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9-]{0,31}$/, 'expected an HTTP method such as GET')
  .meta({ description: 'an HTTP method such as GET' });

const globSchema = z.string().min(1).max(MAX_GLOB_LENGTH);
const MAX_SOURCES = 256;

const sourceSchema = z
  .string()
  .refine((text) => parseSource(text) !== undefined, 'expected an IP address or a network such as 10.0.0.0/8')
  .meta({ description: 'an IP address, or a network such as 10.0.0.0/8' });

/** A record whose values are globs over a whole text. */
function globs(name: z.ZodType<string, string>, description: string) {
  return z.record(name, headerValueSchema.max(MAX_GLOB_LENGTH)).meta({ description });
}

/** Who a fault is meant for. What is not given matches everything; what is given must all match. */
export const matchSchema = z
  .strictObject({
    method: z
      .union([methodSchema, z.array(methodSchema).min(1).max(32)])
      .meta({ description: 'one method or a list of them' })
      .optional(),
    path: globSchema
      .meta({ description: 'a glob on the path without its query: * within a segment, ** across segments' })
      .optional(),
    headers: globs(
      headerNameSchema,
      'header name to its value, or a glob in which * stands for any text; gRPC metadata are headers',
    ).optional(),
    query: globs(z.string().min(1).max(256), 'name in the query to its value, or a glob').optional(),
    grpc: z
      .strictObject({
        service: globSchema.meta({ description: 'a glob on the full name, such as shop.v1.Payments' }).optional(),
        method: globSchema.meta({ description: 'a glob on the name of the method' }).optional(),
      })
      .meta({ description: 'only gRPC calls, of this service and method' })
      .optional(),
    metadata: globs(headerNameSchema, 'only gRPC calls, with these metadata: name to value, or a glob').optional(),
    baggage: globs(
      headerNameSchema,
      'member of the W3C baggage to its value, or a glob; {chaos.run: "*"} means the requests of our own load',
    ).optional(),
    source: z
      .union([sourceSchema, z.array(sourceSchema).min(1).max(MAX_SOURCES)])
      .meta({ description: 'the address of the client: an IP address or a network, one or a list' })
      .optional(),
    serverName: globSchema.meta({ description: 'a glob on the name that a TLS client asks for (SNI)' }).optional(),
  })
  .meta({ id: 'match', description: 'who is meant; all others pass' });

export type Match = z.output<typeof matchSchema>;

/** Keys that a connection can be told by; the others look at requests. */
const CONNECTION_KEYS: readonly string[] = ['source', 'serverName'];

/** The keys that are given and look at requests. */
export function requestOnlyKeys(match: Match | undefined): string[] {
  return Object.keys(match ?? {}).filter((key) => !CONNECTION_KEYS.includes(key));
}

/** A match ready to be asked; a test is undefined when it would always say yes. */
export interface CompiledMatch {
  readonly connection: ((connection: ConnectionView) => boolean) | undefined;
  readonly request: ((request: RequestView) => boolean) | undefined;
}

export function compileMatch(match: Match = {}): CompiledMatch {
  return { connection: allOf(connectionTests(match)), request: allOf(requestTests(match)) };
}

/** As an effect reports it: nothing when nothing was asked. */
export function describeMatch(match: Match | undefined): JsonObject {
  if (match === undefined) return {};
  return { match: JSON.parse(JSON.stringify(match)) as JsonObject };
}

function connectionTests({ source, serverName }: Match): ((connection: ConnectionView) => boolean)[] {
  const tests: ((connection: ConnectionView) => boolean)[] = [];
  if (source !== undefined) tests.push(compileSources([source].flat()));
  if (serverName !== undefined) {
    const glob = compileGlob(serverName.toLowerCase(), true);
    tests.push((connection) => connection.serverName !== undefined && glob(connection.serverName));
  }
  return tests;
}

function requestTests(match: Match): ((request: RequestView) => boolean)[] {
  const tests: ((request: RequestView) => boolean)[] = [];
  if (match.method !== undefined) {
    const methods = new Set([match.method].flat().map((method) => method.toUpperCase()));
    tests.push((request) => methods.has(request.method));
  }
  if (match.path !== undefined) {
    const path = compileGlob(match.path);
    tests.push((request) => path(request.path));
  }
  tests.push(...valueTests(match.headers, (request, name) => request.header(name.toLowerCase())));
  tests.push(...valueTests(match.query, (request, name) => lookupQuery(request.target, name)));
  tests.push(...valueTests(match.baggage, (request, name) => baggageMember(request.header('baggage'), name)));
  if (match.grpc !== undefined || match.metadata !== undefined) tests.push(isGrpc);
  if (match.grpc !== undefined) tests.push(grpcTest(match.grpc));
  tests.push(...valueTests(match.metadata, (request, name) => request.header(name.toLowerCase())));
  return tests;
}

function valueTests(
  globsByName: Readonly<Record<string, string>> = {},
  lookup: (request: RequestView, name: string) => string | undefined,
): ((request: RequestView) => boolean)[] {
  return Object.entries(globsByName).map(([name, glob]) => {
    const test = compileGlob(glob, true);
    return (request) => {
      const value = lookup(request, name);
      return value !== undefined && test(value);
    };
  });
}

function grpcTest({ service, method }: NonNullable<Match['grpc']>): (request: RequestView) => boolean {
  const serviceTest = service === undefined ? undefined : compileGlob(service, true);
  const methodTest = method === undefined ? undefined : compileGlob(method, true);
  return (request) => {
    const call = parseGrpcPath(request.path);
    if (call === undefined) return false;
    return (serviceTest?.(call.service) ?? true) && (methodTest?.(call.method) ?? true);
  };
}

export function isGrpc(request: RequestView): boolean {
  const type = request.header('content-type');
  return type !== undefined && isGrpcContentType(type);
}

function compileSources(sources: readonly string[]): (connection: ConnectionView) => boolean {
  const list = new BlockList();
  for (const text of sources) {
    const parsed = parseSource(text);
    if (parsed === undefined) continue;
    if (parsed.bits === undefined) list.addAddress(parsed.address, parsed.family);
    else list.addSubnet(parsed.address, parsed.bits, parsed.family);
  }
  // A client of IPv4 on a socket of both families comes as ::ffff:10.0.0.7; BlockList knows that it is the same.
  return ({ source }) => isIP(source) !== 0 && list.check(source, isIP(source) === 6 ? 'ipv6' : 'ipv4');
}

interface Source {
  readonly address: string;
  readonly family: 'ipv4' | 'ipv6';
  readonly bits: number | undefined;
}

/** `10.0.0.7`, `10.0.0.0/8`, `fe80::/10`; undefined when the text is neither. */
function parseSource(text: string): Source | undefined {
  const [address = '', bitsText, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return undefined;
  const family = version === 6 ? 'ipv6' : 'ipv4';
  if (bitsText === undefined) return { address, family, bits: undefined };
  const bits = /^\d{1,3}$/.test(bitsText) ? Number(bitsText) : Infinity;
  return bits <= (version === 6 ? 128 : 32) ? { address, family, bits } : undefined;
}

function allOf<Value>(tests: readonly ((value: Value) => boolean)[]): ((value: Value) => boolean) | undefined {
  const [first, ...rest] = tests;
  if (first === undefined || rest.length === 0) return first;
  return (value) => tests.every((test) => test(value));
}
