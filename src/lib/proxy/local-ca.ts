import { AppError } from '../errors/app-error.ts';
import type { Clock } from '../runtime/clock.ts';
import type { CertifiedKey } from './tls-options.ts';
import type { Authority } from './tls/authority.ts';
import { type AuthorityFiles, authorityFiles, expired, openAuthority } from './tls/authority-files.ts';
import { type HostName, parseHostName } from './tls/host-name.ts';
import { createLeaf, type Leaf } from './tls/leaf.ts';

/** Certificates kept: one for each name that clients ask for, as many as TLS contexts are kept of them. Each is about 2 kB of text. */
export const MAX_LEAVES = 256;

/** Our own certificate authority on this machine: whoever trusts its certificate trusts the proxy under any name. */
export interface LocalCa {
  readonly certificatePem: string;
  readonly certificateFile: string;
  /**
   * A certificate for a DNS name (`*.` in front stands for any one label) or an IP address, with the authority's after it, and its key. The
   * same one is given again until it is about to end. A new one takes 1 to 3 ms, in which nothing else runs. Throws AppError `usage`
   * for what is no host name, and when the authority itself has expired.
   */
  certify(serverName: string): CertifiedKey;
}

/**
 * Loads the authority in a directory, `ca.pem` and `ca.key`, or creates it there. Any number of processes that do so at once get one and the
 * same. Throws AppError `usage` when the files are damaged, do not belong together or have expired: a new authority is never made in
 * place of one that is there.
 */
export function openLocalCa(directory: string, clock: Clock): LocalCa {
  const files = authorityFiles(directory);
  const ca = new CachingCa(openAuthority(files, clock.unixMs()), files, clock);
  // The first certificate takes ten times as long as those after it, and an expired authority makes none: better now than in a handshake.
  ca.certify('localhost');
  return ca;
}

class CachingCa implements LocalCa {
  readonly #authority: Authority;
  readonly #files: AuthorityFiles;
  readonly #clock: Clock;
  readonly #leaves = new Map<string, Leaf>();

  constructor(authority: Authority, files: AuthorityFiles, clock: Clock) {
    this.#authority = authority;
    this.#files = files;
    this.#clock = clock;
  }

  get certificatePem(): string {
    return this.#authority.certificatePem;
  }

  get certificateFile(): string {
    return this.#files.certificateFile;
  }

  certify(serverName: string): CertifiedKey {
    const server = parseHostName(serverName);
    if (server === undefined) throw notAHostName(serverName);
    const nowMs = this.#clock.unixMs();
    const kept = this.#leaves.get(server.name);
    const leaf = kept !== undefined && nowMs < kept.renewAtMs ? kept : this.#create(server, nowMs);
    this.#keep(server.name, leaf);
    return leaf;
  }

  #create(server: HostName, nowMs: number): Leaf {
    if (nowMs >= this.#authority.endMs) throw expired(this.#files, this.#authority);
    return createLeaf(this.#authority, server, nowMs);
  }

  /** A Map keeps the order of insertion: what is taken out and put back is the youngest. */
  #keep(name: string, leaf: Leaf): void {
    this.#leaves.delete(name);
    this.#leaves.set(name, leaf);
    const oldest = this.#leaves.keys().next();
    if (this.#leaves.size > MAX_LEAVES && !oldest.done) this.#leaves.delete(oldest.value);
  }
}

function notAHostName(serverName: string): AppError {
  return new AppError('usage', `there is no certificate for ${JSON.stringify(serverName)}: it is no host name`, {
    hint: 'Certificates are for names such as shop.test or *.shop.test, and for IP addresses.',
  });
}
