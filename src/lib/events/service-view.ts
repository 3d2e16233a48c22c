/** What a watched service is like at a moment, as plain data: what tables, dashboards and `--json` show. Ratios are 0 to 1; null: not known. */
export interface ServiceView {
  readonly service: string;
  /** Where the proxy listens for it, `127.0.0.1:8080`; null: no proxy is in front of it. */
  readonly listen: string | null;
  readonly protocol: string | null;
  /** How its endpoints are chosen. */
  readonly balance: string | null;
  /** Of the service as a whole, or of what goes by no route. */
  readonly breaker: BreakerSummary | null;
  /** Those of routes. */
  readonly routes: readonly (BreakerSummary & { readonly route: string })[];
  readonly limits: readonly LimitSummary[];
  readonly inFlight: number;
  readonly traffic: TrafficSummary;
  readonly retries: number;
  /** Answers given in the place of the service. */
  readonly fallbacks: number;
  readonly endpoints: readonly EndpointView[];
}

export interface EndpointView {
  /** Its id, by which it is drained: unique over all services. */
  readonly endpoint: string;
  readonly address: string;
  readonly tls: boolean;
  /** `unknown` until a check has decided; it gets traffic meanwhile. */
  readonly health: 'healthy' | 'unhealthy' | 'unknown';
  /** As configured or registered; what counts is 0 while it is drained. */
  readonly weight: number;
  readonly isDrained: boolean;
  readonly inFlight: number;
  readonly breaker: BreakerSummary | null;
  readonly traffic: TrafficSummary;
  /** `heartbeat`: dropped when it falls silent. */
  readonly lifetime: 'heartbeat' | 'static';
  readonly metadata: Readonly<Record<string, string>>;
}

export interface BreakerSummary {
  readonly state: 'closed' | 'open' | 'half-open';
  /** By a person: it stays so until they reset it. */
  readonly forced: 'open' | 'closed' | null;
  readonly reason: string;
  /** Open time that remains in ms; null when there is none, or no end. */
  readonly untilMs: number | null;
  readonly rejected: number;
  readonly trialsInFlight: number;
  readonly trialsDone: number;
}

export interface LimitSummary {
  readonly limit: string;
  readonly shadow: boolean;
  readonly admitted: number;
  readonly refused: number;
}

/** Counts since the beginning, and what it was like over the last ten seconds. */
export interface TrafficSummary {
  readonly requests: number;
  readonly failures: number;
  readonly ratePerSecond: number;
  readonly errorRatio: number | null;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

/** All services of one process. */
export interface ServicesSnapshot {
  readonly unixMs: number;
  /** Of the registry: goes up with each change of membership, weight, drain or health. */
  readonly index: number;
  readonly owner: ControlOwner;
  readonly services: readonly ServiceView[];
}

/** The process that has the services. */
export interface ControlOwner {
  readonly pid: number;
  /** `proxy run`, `chaos run`. */
  readonly command: string;
  /** What it was given: a file, a run. */
  readonly subject: string;
}
