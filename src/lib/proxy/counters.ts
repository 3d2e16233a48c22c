/** What a listener has seen: rate, errors, and what is under way. Read by metrics; a plain object, so that counting costs nothing. */
export interface Counters {
  /** Connections accepted; for UDP, flows. */
  connections: number;
  openConnections: number;
  /** HTTP requests whose head was read. */
  requests: number;
  /** HTTP requests without a complete answer yet. */
  inFlight: number;
  /** Answers of 500 and above, and requests that got no complete answer. For raw TCP, connections that ended by an error. */
  errors: number;
  /** From clients. */
  bytesIn: number;
  /** To clients, from the service. */
  bytesOut: number;
  /** Sent on to the service, and to clients, by connections that have ended; for UDP, by all. */
  sentUp: number;
  sentDown: number;
  /** Connections passed on as raw bytes although they began like something that can be read. */
  fallbacks: number;
  /** Connections to the service that could not be made. */
  dialFailures: number;
  /** TLS handshakes with clients that came to nothing. */
  tlsFailures: number;
  /** Datagrams from clients, and to them. */
  datagramsIn: number;
  datagramsOut: number;
  /** Connections by what they turned out to speak. */
  readonly spoken: Record<Spoke, number>;
}

export const SPOKEN = ['http1', 'http2', 'tls', 'raw', 'websocket'] as const;
export type Spoke = (typeof SPOKEN)[number];

export function createCounters(): Counters {
  return {
    connections: 0,
    openConnections: 0,
    requests: 0,
    inFlight: 0,
    errors: 0,
    bytesIn: 0,
    bytesOut: 0,
    sentUp: 0,
    sentDown: 0,
    fallbacks: 0,
    dialFailures: 0,
    tlsFailures: 0,
    datagramsIn: 0,
    datagramsOut: 0,
    spoken: { http1: 0, http2: 0, tls: 0, raw: 0, websocket: 0 },
  };
}
