/**
 * A socket's error in one line, such as `connect ECONNREFUSED 127.0.0.1:7301`. A name with several addresses fails with an AggregateError
 * without a message of its own: then every address is told.
 */
export function socketErrorMessage(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(socketErrorMessage).join(', ');
  if (!(error instanceof Error)) return String(error);
  return error.message || ('code' in error ? String(error.code) : error.name);
}
