import type { Address, Upstream } from './addresses.ts';
import type { Destinations, ProtectionOptions } from './protection.ts';
import type { TlsFront, TlsUpstream } from './tls-options.ts';
import type { Protocol } from './views.ts';

export type { Address, Upstream };

export interface ListenOptions {
  /** The service that is fronted; faults are added to it by this name. */
  readonly service: string;
  readonly protocol: Protocol;
  /** Port 0 takes any free one. */
  readonly listen: Address;
  /** The endpoints of the service; new connections go to them in turn. */
  readonly upstreams: readonly Upstream[];
  /** Limits, breaker, balance; undefined: none, and endpoints take turns by connection. */
  readonly protection?: ProtectionOptions | undefined;
  /** The endpoints with their health; undefined: `upstreams`, all of them healthy. */
  readonly destinations?: Destinations | undefined;
  readonly tls?: TlsFront | undefined;
  readonly tlsUpstream?: TlsUpstream | undefined;
}
