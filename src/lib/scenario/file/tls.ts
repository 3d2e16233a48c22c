import { z } from 'zod';
import { endpointsSchema } from './addresses.ts';
import { textLike } from './fields.ts';

/** A host name, with `*` for any part of it; RFC 6066 (section 3) knows no others. */
const SERVER_NAME_GLOB = /^[A-Za-z0-9*_-]+(?:\.[A-Za-z0-9*_-]+)*$/;
const SERVER_NAME = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/;

/** `tls` of a service: how its proxy meets clients that speak TLS, and how it speaks TLS itself. */
export function tlsSchema() {
  const serverName = textLike(SERVER_NAME_GLOB, 'the name of a server such as api.shop.test or *.shop.test');
  return z.strictObject({
    certificate: certificateSchema()
      .optional()
      .meta({ description: 'What clients are shown: TLS ends at the proxy. Without it TLS is passed through.' }),
    alpn: z
      .array(z.enum(['h2', 'http/1.1']))
      .min(1)
      .optional()
      .meta({ description: 'The protocols to agree on with clients; by default what the service agrees on.' }),
    serverNames: z
      .record(serverName, endpointsSchema('The endpoints for clients that ask for this name.'))
      .prefault({})
      .meta({ description: 'Other endpoints by the name that a client asks for (SNI); the first that fits counts.' }),
    upstream: upstreamSchema().optional().meta({ description: 'How the proxy speaks TLS to https:// endpoints.' }),
  });
}

function certificateSchema() {
  return z.union([z.literal('local-ca'), keyFilesSchema()], {
    error: 'expected local-ca, or a mapping with "cert" and "key", two files',
  });
}

function keyFilesSchema() {
  return z.strictObject({
    cert: file('A certificate with its chain, as PEM; the path starts at the folder of this file.'),
    key: file('Its private key, as PEM.'),
  });
}

function upstreamSchema() {
  return z.strictObject({
    serverName: textLike(
      SERVER_NAME,
      'the name of a server such as api.shop.test',
      'The name to ask for and to check; by default that of the client, then the host of the endpoint.',
    ).optional(),
    ca: file('Certificates to trust instead of those of the system, as PEM.').optional(),
    certificate: keyFilesSchema().optional().meta({ description: 'A certificate to show (mutual TLS).' }),
    insecure: z.boolean().prefault(false).meta({ description: 'Takes any certificate.' }),
  });
}

function file(description: string) {
  return textLike(/^[^\0]+$/, 'the path of a file', description);
}
