import { z } from 'zod';
import type { Address } from '../scenario.ts';

const ADDRESS = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})$/;
const HTTP_PORT = 80;

/** `127.0.0.1:7303`, `payments:80`, `[::1]:80`; undefined when the text is no address. */
export function parseAddress(text: string): Address | undefined {
  const [, host, digits] = ADDRESS.exec(text) ?? [];
  const port = Number(digits);
  if (host === undefined || port < 1 || port > 65_535) return undefined;
  return { host: host.replaceAll(/[[\]]/g, ''), port };
}

/** An address, or `http://host[:port]` without a path. */
export function parseEndpoint(text: string): Address | undefined {
  if (!text.startsWith('http://')) return parseAddress(text);
  const authority = text.slice('http://'.length).replace(/\/$/, '');
  return parseAddress(authority) ?? parseAddress(`${authority}:${HTTP_PORT}`);
}

export const addressSchema = address('expected host:port, such as 127.0.0.1:7313', parseAddress, ADDRESS.source);
export const endpointSchema = address(
  'expected http://host:port or host:port, such as http://127.0.0.1:7303',
  parseEndpoint,
  '^(?:http://[^/]+/?|.+:\\d{1,5})$',
);

function address(error: string, parse: (text: string) => Address | undefined, pattern: string) {
  // The pattern is for editors only: the parser says more about what is wrong.
  return z
    .string({ error })
    .meta({ pattern })
    .transform((text, context): Address => {
      const parsed = parse(text);
      if (parsed) return parsed;
      context.addIssue({ code: 'custom', message: error });
      return z.NEVER;
    });
}
