import { AppError, messageOf } from '../errors/app-error.ts';
import { isErrno } from '../runtime/files.ts';
import type { Address } from './listen-options.ts';

/** Why an address cannot be listened on, and what to do. */
export function listenError(
  service: string,
  { host, port }: Address,
  error: Error,
  transport: 'tcp' | 'udp' = 'tcp',
): AppError {
  const where = `service "${service}" cannot listen on ${host}:${port}`;
  if (isErrno(error, 'EADDRINUSE')) {
    const hint = `Stop what listens there (\`ss ${transport === 'tcp' ? '-ltnp' : '-lunp'} "sport = :${port}"\` shows it), or give the service another \`listen\` address.`;
    return new AppError('usage', `${where}: the address is in use`, { hint, cause: error });
  }
  if (isErrno(error, 'EACCES')) {
    const hint = 'Ports below 1024 need privileges; choose a higher one.';
    return new AppError('usage', `${where}: permission denied`, { hint, cause: error });
  }
  if (isErrno(error, 'EADDRNOTAVAIL') || isErrno(error, 'ENOTFOUND')) {
    const hint = 'Use an address of this machine, such as 127.0.0.1 or 0.0.0.0.';
    return new AppError('usage', `${where}: this machine has no such address`, { hint, cause: error });
  }
  return new AppError('usage', `${where}: ${messageOf(error)}`, { cause: error });
}
