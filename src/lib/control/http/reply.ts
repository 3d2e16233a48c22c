import type { ApiError } from './api-error.ts';

/** An answer of the API, without what every answer has. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined: there is none, not even an empty one. */
  readonly body: string | undefined;
}

export function textReply(body: string, contentType: string): Reply {
  return { status: 200, headers: { 'Content-Type': contentType }, body };
}

export function noContent(): Reply {
  return { status: 204, headers: {}, body: undefined };
}

/** As Go's `http.Error` writes it: plain text, whatever it is, with a newline behind it. */
export function plainError(status: number, text: string, headers: Readonly<Record<string, string>> = {}): Reply {
  return {
    status,
    headers: { 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff', ...headers },
    body: `${text}\n`,
  };
}

export function errorReply({ status, message }: ApiError, headers?: Readonly<Record<string, string>>): Reply {
  return plainError(status, escapeHtml(JSON.stringify({ error: message, status })), headers);
}

/** As Go does in JSON, so that no browser takes a message for a page. */
function escapeHtml(json: string): string {
  return json.replace(/[<>&]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`);
}
