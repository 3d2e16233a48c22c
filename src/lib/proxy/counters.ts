/** What a listener has seen: rate, errors, and what is under way. Read by metrics; a plain object, so that counting costs nothing. */
export interface Counters {
  /** Connections accepted. */
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
  /** Connections of an HTTP listener passed on as raw bytes, because what they carry cannot be read as HTTP. */
  fallbacks: number;
  /** Connections to the service that could not be made. */
  dialFailures: number;
}

export function createCounters(): Counters {
  return {
    connections: 0,
    openConnections: 0,
    requests: 0,
    inFlight: 0,
    errors: 0,
    bytesIn: 0,
    bytesOut: 0,
    fallbacks: 0,
    dialFailures: 0,
  };
}
