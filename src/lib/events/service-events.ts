/** What happens to the endpoints of services: who is there, who is well, who is asked for traffic. */
export type ServiceEventBody =
  /** `isAgain`: the same id was there already; its counts, health and requests in flight go on. */
  | EndpointEvent<'endpoint.registered', { readonly weight: number; readonly isAgain: boolean }>
  /** No heartbeat for longer than the time to live, and longer than the grace after a pause of our own. */
  | EndpointEvent<'endpoint.expired', { readonly silentMs: number; readonly ttlMs: number }>
  | EndpointEvent<'endpoint.deregistered', { readonly inFlight: number }>
  /** `checks` good results in a row made it so. */
  | EndpointEvent<'endpoint.healthy', HealthChange>
  /** `checks` bad results in a row made it so. */
  | EndpointEvent<'endpoint.unhealthy', HealthChange>
  | EndpointEvent<'endpoint.drained', { readonly inFlight: number }>
  /** With the weight that it has back. */
  | EndpointEvent<'endpoint.undrained', { readonly weight: number }>
  /** So few are healthy that the balancer asks the unhealthy ones too. */
  | PanicEvent<'panic.entered'>
  | PanicEvent<'panic.left'>;

interface HealthChange {
  readonly from: 'healthy' | 'unhealthy' | 'unknown';
  /** Of the last check, such as `connect ECONNREFUSED 127.0.0.1:7301`. */
  readonly reason: string;
  /** How many results in a row decided it. */
  readonly checks: number;
  /** The monotonic index of the registry from which on it is known. */
  readonly index: number;
}

type EndpointEvent<Type extends string, More> = {
  readonly type: Type;
  readonly service: string;
  readonly endpoint: string;
  /** `127.0.0.1:7301`, `[::1]:7301`. */
  readonly address: string;
} & More;

interface PanicEvent<Type extends string> {
  readonly type: Type;
  readonly service: string;
  readonly healthy: number;
  readonly endpoints: number;
  /** Panic is while healthy / endpoints is below this. */
  readonly thresholdRatio: number;
}

export type ServiceEvent = { readonly unixMs: number } & ServiceEventBody;
