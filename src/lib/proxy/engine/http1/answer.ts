import { STATUS_CODES } from 'node:http';
import type { HeadProblem } from '../../../wire/http1-head.ts';
import type { Turned } from '../../protection.ts';
import type { Fallback } from '../../protection/fallbacks.ts';
import { formatDurationMs } from '../../../wire/quantities.ts';
import type { FallbackCause } from '../../../resilience/response-cache.ts';
import type { LinkLoss } from '../upstream-link.ts';

/** The header by which every answer of ours can be told from one of the service. */
export const MARKER_HEADER = 'x-faultline';

/** Why the proxy answers by itself. */
export type Marker =
  | 'injected'
  | 'upstream-unreachable'
  | 'upstream-closed'
  | 'timeout'
  | Turned['marker']
  | Fallback['marker']
  | `refused; reason=${string}`;

export interface Answer {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
  readonly marker: Marker;
}

/** The bytes of an answer. To HEAD it has the same head as to GET, and no body. */
export function formatAnswer(answer: Answer, keepAlive: boolean, isHead: boolean): Buffer {
  const lines = [
    `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? 'Error'}`,
    ...answer.headers.map(([name, value]) => `${name}: ${value}`),
    `content-length: ${answer.body.length}`,
    `${MARKER_HEADER}: ${answer.marker}`,
    `connection: ${keepAlive ? 'keep-alive' : 'close'}`,
  ];
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  return isHead ? head : Buffer.concat([head, answer.body]);
}

/** An answer that says in plain text why the proxy could not pass the request on. */
export function createFailure(status: number, marker: Marker, text: string): Answer {
  return {
    status,
    headers: [['content-type', 'text/plain; charset=utf-8']],
    body: Buffer.from(`faultline: ${text}\n`),
    marker,
  };
}

/** The answer to a head that cannot be trusted (RFC 9112 asks for 400) or is too large (RFC 6585: 431). */
export function createRefusal(problem: HeadProblem): Answer {
  const status = problem === 'head-too-large' || problem === 'too-many-headers' ? 431 : 400;
  return createFailure(status, `refused; reason=${problem}`, `the request was refused: ${problem}`);
}

/** What an answer of ours stands for, when it stands for a failure of the service. */
export function failureOf({ status, marker }: Answer): FallbackCause | undefined {
  switch (marker) {
    case 'breaker-open':
      return 'open';
    case 'timeout':
      return 'timeout';
    case 'upstream-closed':
    case 'upstream-unreachable':
      return 'failed';
    case 'injected':
      return status >= 500 ? 'failed' : undefined;
    default:
      return undefined;
  }
}

/** The answer to a request that is not let through. */
export function createTurnedAway({ status, headers, marker, text }: Turned): Answer {
  const failure = createFailure(status, marker, text);
  return { ...failure, headers: [...failure.headers, ...headers] };
}

/** The answer to a request that took longer than it may. */
export function createTimeout(timeoutMs: number): Answer {
  return createFailure(504, 'timeout', `the service did not answer within ${formatDurationMs(timeoutMs)}`);
}

/** The answer to a request whose service could not be reached, or went away (RFC 9110: 502 and 504). */
export function createLinkFailure(loss: LinkLoss): Answer {
  if (loss.during === 'use') return createFailure(502, 'upstream-closed', 'the service closed before it answered');
  const [status, why] = loss.timedOut ? [504, 'did not answer in time'] : [502, 'refused the connection'];
  return createFailure(status, 'upstream-unreachable', `the service ${why}`);
}
