import type { Address, FrontSpec } from './scenario.ts';

/** A proxy's own file after loading: variables filled in, every quantity in base units, every default in place, paths absolute. */
export interface ProxyConfig {
  /** The file as the user named it, for messages. */
  readonly file: string;
  /** Undefined: drawn once, when the proxy starts. */
  readonly seed: number | undefined;
  /** Where metrics are served; undefined: nowhere. */
  readonly metrics: Address | undefined;
  /** Where services are registered and listed; undefined: nowhere but at the socket in the state directory. */
  readonly api: ApiSpec | undefined;
  readonly services: Readonly<Record<string, ProxiedService>>;
  /** Values of variables marked secret: masked wherever the proxy prints. */
  readonly secrets: readonly string[];
}

export interface ApiSpec {
  readonly listen: Address;
  /** What every request has to bring; undefined: nothing. */
  readonly token: string | undefined;
  /** Names that it may be called by, beside IP addresses and localhost. */
  readonly hosts: readonly string[];
}

/** A service that the proxy fronts, with the faults that are in force on it from the start. */
export interface ProxiedService extends FrontSpec {
  readonly listen: Address;
  readonly faults: readonly ProxiedFault[];
  /** Another one as soon as one of the files that `tls` names is another one. */
  readonly filesDigest: string;
}

export interface ProxiedFault {
  /** Unique on its service. */
  readonly id: string;
  readonly kind: string;
  /** As the kind's own schema takes them; already checked against it, and against what the service speaks. */
  readonly params: unknown;
  /** The same for the files that the parameters name. */
  readonly filesDigest: string;
}
