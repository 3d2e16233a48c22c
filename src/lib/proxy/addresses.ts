export interface Address {
  readonly host: string;
  readonly port: number;
}

/** An endpoint of a service. */
export interface Upstream extends Address {
  /** Whether it speaks TLS to those who come in plain text, or whose TLS ends at the proxy. */
  readonly tls?: boolean;
}
