/** What a listener expects: `auto` finds out, `http` is HTTP of any version, `tcp` is never looked into, `udp` is datagrams. */
export const PROTOCOLS = ['auto', 'http', 'tcp', 'udp'] as const;
export type Protocol = (typeof PROTOCOLS)[number];
/** Upstream is what the client sends, downstream what the service sends. */
export type Direction = 'upstream' | 'downstream';

/** A client's connection, or its flow of datagrams, as a filter sees it. */
export interface ConnectionView {
  /** 1, 2, 3 … in the order in which the listener met them. */
  readonly ordinal: number;
  /** The client's IP address. */
  readonly source: string;
  /** The name that a TLS client asked for, in lower case. */
  readonly serverName: string | undefined;
}

/** The head of a request, as a filter sees it. Header names are in lower case; values as sent. */
export interface RequestView {
  readonly method: string;
  /** Path without the query. */
  readonly path: string;
  /** The request target as sent, with its query. */
  readonly target: string;
  header(name: string): string | undefined;
}
