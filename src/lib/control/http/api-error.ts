/** Ends the handling of a request: what the client is told. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const BAD_BODY = 'bad request body: ';

/** The body cannot be used, and why. */
export function badBody(why: string): ApiError {
  return new ApiError(400, `${BAD_BODY}${why}`);
}

export function isBadBody({ message }: ApiError): boolean {
  return message.startsWith(BAD_BODY);
}

/** Why a body cannot be used, without the words that every such message begins with. */
export function reasonOf(error: ApiError): string {
  return isBadBody(error) ? error.message.slice(BAD_BODY.length) : error.message;
}
