import { z } from 'zod';
import type { Address, Endpoint } from '../scenario.ts';

const ADDRESS = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})$/;
const URL_LIKE = /^(https?):\/\/([^/]+)\/?$/;
const DEFAULT_PORTS = { http: 80, https: 443 } as const;

/** What an endpoint is written with; undefined: nothing, as in `redis:6379`. */
export type Scheme = keyof typeof DEFAULT_PORTS;

/** `127.0.0.1:7303`, `payments:80`, `[::1]:80`; undefined when the text is no address. */
export function parseAddress(text: string): Address | undefined {
  const [, host, digits] = ADDRESS.exec(text) ?? [];
  const port = Number(digits);
  if (host === undefined || port < 1 || port > 65_535) return undefined;
  return { host: host.replaceAll(/[[\]]/g, ''), port };
}

/** An address, or `http://host[:port]` or `https://host[:port]` without a path. */
export function parseEndpoint(text: string): Endpoint | undefined {
  const { scheme, rest } = splitScheme(text);
  if (scheme === undefined) return parseAddress(rest);
  const address = parseAddress(rest) ?? parseAddress(`${rest}:${DEFAULT_PORTS[scheme]}`);
  return address && scheme === 'https' ? { ...address, tls: true } : address;
}

export function schemeOf(text: string): Scheme | undefined {
  return splitScheme(text).scheme;
}

export const addressSchema = address('expected host:port, such as 127.0.0.1:7313', parseAddress, ADDRESS.source);
export const endpointSchema = address(
  'expected http://host:port, https://host:port or host:port, such as http://127.0.0.1:7303',
  parseEndpoint,
  '^(?:https?://[^/]+/?|.+:\\d{1,5})$',
);

/** An address, or a port alone, which is one of this machine's own addresses that nobody else can reach. */
export function portOrAddressSchema(description: string) {
  const error = 'expected a port such as 9474, or host:port';
  return z
    .union([z.int(), z.string().meta({ pattern: `^\\d{1,5}$|${ADDRESS.source}` })], { error })
    .transform((written, context): Address => {
      const text = String(written);
      const address = parseAddress(/^\d+$/.test(text) ? `127.0.0.1:${text}` : text);
      if (address) return address;
      context.addIssue({ code: 'custom', message: error });
      return z.NEVER;
    })
    .meta({ description });
}

/** One endpoint or a list of them; comes out as a list. */
export function endpointsSchema(description: string) {
  return z
    .union([endpointSchema, z.array(endpointSchema).min(1)])
    .transform((endpoints) => [endpoints].flat())
    .meta({ description });
}

/** The same where each may have a weight. */
export function weightedEndpointsSchema(description: string) {
  const weighted = z
    .strictObject({
      url: endpointSchema.meta({ description: 'Where it listens.' }),
      weight: z.int().min(0).max(1000).meta({ description: 'Its share beside the others; 0 gets nothing new.' }),
    })
    .transform(({ url, weight }): Endpoint => ({ ...url, weight }));
  return z
    .union([endpointSchema, z.array(z.union([endpointSchema, weighted])).min(1)])
    .transform((endpoints) => [endpoints].flat())
    .meta({ description });
}

function splitScheme(text: string): { readonly scheme: Scheme | undefined; readonly rest: string } {
  const [, scheme, rest] = URL_LIKE.exec(text) ?? [];
  if (rest === undefined) return { scheme: undefined, rest: text };
  return { scheme: scheme === 'https' ? 'https' : 'http', rest };
}

function address<Output extends Address>(error: string, parse: (text: string) => Output | undefined, pattern: string) {
  // The pattern is for editors only: the parser says more about what is wrong.
  return z
    .string({ error })
    .meta({ pattern })
    .transform((text, context): Output => {
      const parsed = parse(text);
      if (parsed) return parsed;
      context.addIssue({ code: 'custom', message: error });
      return z.NEVER;
    });
}
