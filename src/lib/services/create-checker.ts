import { HttpChecker } from './checks/http-checker.ts';
import { TcpChecker } from './checks/tcp-checker.ts';
import type { CreateChecker } from './health-check.ts';

/** The checker of each kind, on real sockets. */
export const createSocketChecker: CreateChecker = (place, check) =>
  check.kind === 'tcp'
    ? new TcpChecker(place)
    : new HttpChecker({ host: place.host, port: place.port, tls: place.tls }, check);
