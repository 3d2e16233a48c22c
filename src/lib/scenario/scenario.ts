import type { Phase } from '../events/run-events.ts';

/**
 * A scenario after loading: variables filled in, every quantity in base units, every default in place. The YAML's own shape is in
 * schema.ts. Optional fields are `undefined` when not given.
 */
export interface Scenario {
  readonly version: 1;
  readonly name: string;
  readonly description: string | undefined;
  readonly tags: readonly string[];
  /** Undefined: the run draws one and records it. */
  readonly seed: number | undefined;
  /** The file as the user named it, for messages. */
  readonly file: string;
  /** The folder of the file, absolute; relative paths of the scenario start here. */
  readonly directory: string;
  readonly services: Readonly<Record<string, ServiceSpec>>;
  readonly load: LoadSpec | undefined;
  readonly steadyState: readonly SteadyProbe[];
  readonly method: readonly StepSpec[];
  readonly guards: readonly GuardSpec[];
  readonly gate: readonly Threshold[];
  readonly timing: Timing;
  /** Values of variables marked secret: masked wherever a run prints, records or exports. */
  readonly secrets: readonly string[];
}

export interface Timing {
  /** How long the baseline is watched before the first fault (default 3s). */
  readonly beforeMs: number;
  /** The longest time that recovery is waited for after the last fault (default 30s). */
  readonly recoverWithinMs: number;
  /** How long the steady state must hold again to count as recovered (default 2s). */
  readonly holdMs: number;
  /** The least time that the after phase lasts (default 5s). */
  readonly afterMs: number;
}

/** What the proxy in front of a service does with a connection: finds out, HTTP of any version, bytes as they are, datagrams. */
export type Protocol = 'auto' | 'http' | 'tcp' | 'udp';

/** What the proxy in front of a service must know of it. */
export interface FrontSpec {
  readonly name: string;
  readonly protocol: Protocol;
  readonly endpoints: readonly Endpoint[];
  readonly tls: TlsSpec | undefined;
  /** What else is said of it, as the schemas of those who use it let it out: health checks, limits, breaker. */
  readonly more: Readonly<Record<string, unknown>>;
}

export interface ServiceSpec extends FrontSpec {
  /** Where our proxy listens in front of it; undefined: no proxy, so no fault on the service itself. */
  readonly listen: Address | undefined;
  readonly run: RunSpec | undefined;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Endpoint extends Address {
  /** Whether TLS is spoken to it; all endpoints of a service are alike in this. */
  readonly tls?: boolean;
  /** Its share of the requests beside the others', 0 to 1000; 1 by default. */
  readonly weight?: number;
}

/** TLS of a proxy. Paths are absolute; the files could be read when the scenario was loaded. */
export interface TlsSpec {
  /** What clients are shown; undefined: TLS is passed through. */
  readonly certificate: 'local-ca' | KeyFiles | undefined;
  readonly alpn: readonly string[] | undefined;
  /** In their order; the first that fits the name that a client asks for counts. */
  readonly serverNames: readonly { readonly serverName: string; readonly endpoints: readonly Endpoint[] }[];
  /** How TLS is spoken to the endpoints that want it. */
  readonly upstream: TlsUpstreamSpec | undefined;
}

/** A certificate with its chain, and its private key, as two PEM files. */
export interface KeyFiles {
  readonly cert: string;
  readonly key: string;
}

export interface TlsUpstreamSpec {
  readonly serverName: string | undefined;
  /** A PEM file of certificates to trust instead of those of the system. */
  readonly ca: string | undefined;
  readonly certificate: KeyFiles | undefined;
  readonly insecure: boolean;
}

export interface RunSpec {
  /** Program and arguments; a command given as one string has been put behind `/bin/sh -c`. */
  readonly command: readonly [string, ...string[]];
  /** Absolute. */
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  /** How to tell that it is up; undefined: a TCP connection to its first endpoint, or for UDP that its process runs. */
  readonly ready: ProbeSpec | undefined;
  readonly readyWithinMs: number;
  /** From SIGTERM to SIGKILL. */
  readonly stopGraceMs: number;
}

export interface ProbeSpec {
  readonly kind: string;
  /** As the kind's own schema takes them; already checked against it. */
  readonly params: unknown;
  readonly expect: unknown;
  readonly timeoutMs: number;
}

export interface SteadyProbe extends ProbeSpec {
  readonly name: string;
  readonly everyMs: number;
  readonly when: readonly Phase[];
}

export interface LoadSpec {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly ratePerSecond: number;
  readonly timeoutMs: number;
  /** Statuses that count as success, inclusive ranges. */
  readonly okStatus: readonly StatusRange[];
  /** Requests that may be under way at once; one more is not sent and counts as the error `overload`. */
  readonly maxInFlight: number;
}

export interface StatusRange {
  readonly from: number;
  readonly to: number;
}

/** Steps of the method as a tree; `plan.ts` lays them on the time axis. `path` is the place in the YAML, for messages. */
export type StepSpec = (
  | {
      readonly step: 'fault';
      readonly id: string;
      readonly kind: string;
      readonly target: TargetSpec;
      /** Checked against the kind's schema; still in the written form. */
      readonly params: unknown;
      /** Undefined: until the end of the method. */
      readonly forMs: number | undefined;
      readonly timeoutMs: number;
    }
  | { readonly step: 'wait'; readonly forMs: number }
  | { readonly step: 'probe'; readonly name: string; readonly probe: ProbeSpec }
  | { readonly step: 'serial' | 'parallel'; readonly steps: readonly StepSpec[] }
) & {
  /** Offset from the start of the method. */
  readonly atMs: number | undefined;
  /** Delay after the previous step of a serial group, or after the start of a parallel one. */
  readonly afterMs: number | undefined;
  readonly path: readonly (string | number)[];
};

export type TargetSpec =
  | { readonly on: 'service'; readonly service: string }
  | { readonly on: 'process'; readonly select: ProcessSelector }
  | { readonly on: 'host' };

export type ProcessSelector =
  | { readonly by: 'service'; readonly service: string }
  | { readonly by: 'pid'; readonly pid: number }
  | { readonly by: 'name'; readonly name: string };

export interface GuardSpec {
  readonly text: string;
  readonly condition: Condition;
  /** How long the condition must hold without a break before the run is aborted. */
  readonly forMs: number;
}

/** What a guard watches: a measurement over the last seconds, or a probe that is out of tolerance. */
export type Condition =
  | { readonly of: 'metric'; readonly metric: Metric; readonly op: Operator; readonly value: number }
  | { readonly of: 'probe'; readonly probe: string; readonly state: 'fails' | 'holds' };

export type Operator = '<' | '<=' | '>' | '>=' | '==';

/**
 * A measurement that thresholds compare with. Units: `*Ms` metrics in ms, ratios in percent, counts plain, rates per second.
 *
 *   http.p50 http.p90 http.p95 http.p99 http.p99.9 http.max http.mean http.min   latency of the load, a duration
 *   errors              failed share of the load, a percentage
 *   requests            requests of the load, a number
 *   rate                answered requests per second
 *   recovery            from the end of the last fault until the steady state held again, a duration
 *   recovery.start      the same from the start of the first fault
 *   probe.NAME          share of the probe's results within tolerance, a percentage
 *   touched.FAULT       what the fault touched, a number
 *   breaker NAME opens within D     from the start of the fault until it opened by itself, a duration
 *   breaker NAME closes within D    from the end of the last fault until it was closed for good, a duration
 *   healthy endpoints [of SERVICE]  the least (or with < the most) at any time, a number
 *   fallback rate [of SERVICE]      share of the requests that were answered in the place of the service, a percentage
 */
export type Metric =
  | { readonly name: 'http'; readonly statistic: HttpStatistic }
  | { readonly name: 'errors' | 'requests' | 'rate' | 'recovery' | 'recovery.start' }
  | { readonly name: 'probe'; readonly probe: string }
  | { readonly name: 'touched'; readonly fault: string }
  /** `breaker`: a service, or one of its endpoints by its id. */
  | { readonly name: 'breaker.opens' | 'breaker.closes'; readonly breaker: string }
  /** Undefined: of every service that has them. */
  | { readonly name: 'healthy.endpoints' | 'fallback.rate'; readonly service: string | undefined };

export type HttpStatistic = 'p50' | 'p90' | 'p95' | 'p99' | 'p99.9' | 'max' | 'mean' | 'min';
export type MetricUnit = 'duration' | 'percent' | 'number' | 'rate';

export interface Threshold {
  /** As written. */
  readonly text: string;
  readonly metric: Metric;
  readonly unit: MetricUnit;
  /** Undefined: over the whole run. */
  readonly phase: Phase | undefined;
  readonly op: Operator;
  /** In the metric's base unit. */
  readonly value: number;
}
