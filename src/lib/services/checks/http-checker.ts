import { formatHostPort } from '../../wire/host-port.ts';
import type { CheckedPlace, Checker, CheckTls, HttpCheck } from '../health-check.ts';
import { HttpConnection, type ConnectionOwner } from './http-connection.ts';

const VERIFIED: CheckTls = { serverName: undefined, ca: undefined, client: undefined, insecure: false };

/**
 * Asks an endpoint by GET on a connection that is kept between checks. What goes wrong on a kept connection, which the server may have
 * closed at that very moment, is tried once more on a new one.
 */
export class HttpChecker implements Checker, ConnectionOwner {
  readonly #place: CheckedPlace;
  /** Undefined: plain. */
  readonly #tls: CheckTls | undefined;
  readonly #statuses: ReadonlySet<number>;
  readonly #request: Buffer;
  #connection: HttpConnection | undefined;
  #done: ((failure: string | undefined) => void) | undefined;

  constructor(place: CheckedPlace, check: HttpCheck) {
    this.#place = place;
    this.#tls = place.tls === true ? (check.tls ?? VERIFIED) : undefined;
    this.#statuses = new Set(check.statuses);
    this.#request = Buffer.from(
      `GET ${check.path} HTTP/1.1\r\nHost: ${check.hostHeader ?? formatHostPort(place)}\r\n` +
        `User-Agent: faultline-health\r\nAccept: */*\r\n\r\n`,
      'latin1',
    );
  }

  get stage(): string {
    return this.#connection?.stage ?? 'connecting';
  }

  begin(done: (failure: string | undefined) => void): void {
    this.#done = done;
    this.#ask();
  }

  reset(): void {
    this.#done = undefined;
    this.#connection?.close();
    this.#connection = undefined;
  }

  answered(connection: HttpConnection, status: number): void {
    if (!connection.isOpen) this.#connection = undefined;
    this.#settle(this.#statuses.has(status) ? undefined : `status ${status}`);
  }

  broken(connection: HttpConnection, reason: string): void {
    this.#connection = undefined;
    if (connection.isUsed && this.#done !== undefined) this.#ask();
    else this.#settle(reason);
  }

  #ask(): void {
    this.#connection ??= new HttpConnection(this.#place, this, this.#tls);
    this.#connection.ask(this.#request);
  }

  /** An idle connection that breaks is nobody's result. */
  #settle(failure: string | undefined): void {
    const done = this.#done;
    this.#done = undefined;
    done?.(failure);
  }
}
