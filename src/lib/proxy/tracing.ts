import type { RequestView } from './views.ts';

/** A request that the proxy begins to handle. */
export interface ExchangeStart {
  readonly service: string;
  readonly protocol: ExchangeProtocol;
  readonly request: RequestView;
  /** The client's IP address. */
  readonly source: string;
}

export type ExchangeProtocol = 'http/1.1' | 'http/2' | 'grpc' | 'websocket';

/** How a request ended. */
export interface ExchangeOutcome {
  /** The HTTP status that the client got; undefined when it got none. */
  readonly status: number | undefined;
  readonly grpcStatus: number | undefined;
  /** Why there is no complete answer (`reset`, `upstream-closed`); undefined when there is one. */
  readonly error: string | undefined;
  /** Where the request went; undefined when it went nowhere. */
  readonly endpoint: string | undefined;
  /** How often it was sent; undefined where it never is twice. */
  readonly attempts?: number | undefined;
  /** The state of the breaker that it met, after it. */
  readonly breaker?: string | undefined;
}

/** What a fault did to a request. */
export interface FaultDeed {
  readonly fault: string;
  readonly kind: string;
  readonly action: string;
  readonly delayMs: number | undefined;
}

/** The spans of one sampled request. */
export interface ExchangeTrace {
  /** Headers that the request carries on, so that the service's span is a child of ours (W3C Trace Context). */
  readonly headers: Readonly<Record<string, string>>;
  fault(deed: FaultDeed): void;
  end(outcome: ExchangeOutcome): void;
}

/** Makes spans of what the proxy does. What it throws is nobody's problem but its own. */
export interface ProxyTracer {
  /** Undefined when the request is not sampled. */
  begin(start: ExchangeStart): ExchangeTrace | undefined;
}
