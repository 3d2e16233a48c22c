import { createSecureContext, type SecureContext } from 'node:tls';
import { compileGlob } from './scope/glob.ts';
import type { Upstream } from './addresses.ts';

/** A certificate with its chain, and its key, as PEM. */
export interface CertifiedKey {
  readonly cert: string;
  readonly key: string;
}

/** How TLS clients of a listener are met. */
export interface TlsFront {
  /** Who they are shown; without it TLS is passed through untouched. Throws for a name that there is no certificate for. */
  readonly certify: ((serverName: string | undefined) => CertifiedKey) | undefined;
  /** The protocols to agree on (ALPN); by default those of the service, or HTTP/1.1 when that speaks no TLS. */
  readonly alpn: readonly string[] | undefined;
  /** Other endpoints for some of the names that clients ask for; the first that fits counts. */
  readonly routes: readonly ServerNameRoute[];
}

export interface ServerNameRoute {
  /** A glob: `*.shop.test`. */
  readonly serverName: string;
  readonly upstreams: readonly Upstream[];
}

/** How the proxy speaks TLS to the service. */
export interface TlsUpstream {
  /** The name to ask for and to check; by default that of the client's, then the endpoint's host. */
  readonly serverName: string | undefined;
  /** Certificates to trust instead of the system's, as PEM. */
  readonly ca: string | undefined;
  /** A certificate to show (mutual TLS). */
  readonly client: CertifiedKey | undefined;
  /** Takes any certificate. */
  readonly insecure: boolean;
}

export const DEFAULT_TLS_UPSTREAM: TlsUpstream = {
  serverName: undefined,
  ca: undefined,
  client: undefined,
  insecure: false,
};

/** Contexts kept: one for each name that clients ask for. Each costs some 50 kB. */
const MAX_CONTEXTS = 256;

/** Makes the contexts of certificates, and keeps those that were used last. */
export class SecureContexts {
  readonly #certify: (serverName: string | undefined) => CertifiedKey;
  readonly #contexts = new Map<string, { readonly cert: string; readonly context: SecureContext }>();

  constructor(certify: (serverName: string | undefined) => CertifiedKey) {
    this.#certify = certify;
  }

  /** Throws what `certify` throws, or when the certificate is none. */
  find(serverName: string | undefined): SecureContext {
    const { cert, key } = this.#certify(serverName);
    const name = serverName ?? '';
    const kept = this.#contexts.get(name);
    this.#contexts.delete(name);
    const context = kept?.cert === cert ? kept.context : createSecureContext({ cert, key });
    this.#contexts.set(name, { cert, context });
    const oldest = this.#contexts.keys().next();
    if (this.#contexts.size > MAX_CONTEXTS && !oldest.done) this.#contexts.delete(oldest.value);
    return context;
  }
}

/** The endpoints for a name; undefined when no route fits. */
export function lookupRoute(
  routes: readonly ServerNameRoute[],
  serverName: string | undefined,
): ServerNameRoute | undefined {
  if (serverName === undefined) return undefined;
  return routes.find((route) => compileGlob(route.serverName.toLowerCase(), true)(serverName));
}
