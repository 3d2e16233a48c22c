import { readPartialSuccess, readStatusMessage } from '../../wire/otlp-response.ts';
import { ACCEPTED, type ExportResult } from '../exporter.ts';

/** Statuses that say nothing about the batch (OTLP specification, "Retryable Response Codes"). */
const RETRYABLE: readonly number[] = [429, 502, 503, 504];
const MAX_REASON_CHARS = 200;

export interface HttpAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly contentType: string | undefined;
  readonly body: Buffer;
}

/** What an answer to OTLP over HTTP says of the batch. */
export function outcomeOf(answer: HttpAnswer, unixMs: number): ExportResult {
  const { status, retryAfter, body, contentType } = answer;
  if (status >= 200 && status < 300) {
    const partial = isProtobuf(contentType) ? readPartialSuccess(body) : readJsonPartial(body);
    return partial ? { kind: 'accepted', rejected: partial.rejected, reason: partial.message } : ACCEPTED;
  }
  const reason = `HTTP ${status}${detailOf(answer)}`;
  if (!RETRYABLE.includes(status)) return { kind: 'refused', reason };
  return {
    kind: 'later',
    afterMs: retryAfter === undefined ? undefined : parseRetryAfterMs(retryAfter, unixMs),
    reason,
  };
}

/** Seconds, or a date (RFC 9110 section 10.2.3), as ms from now; undefined when it is neither. */
export function parseRetryAfterMs(value: string, unixMs: number): number | undefined {
  const text = value.trim();
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const date = text.endsWith('GMT') ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - unixMs);
}

function isProtobuf(contentType: string | undefined): boolean {
  return contentType === undefined || !/json/i.test(contentType);
}

function readJsonPartial(body: Buffer): { readonly rejected: number; readonly message: string } | undefined {
  try {
    const { partialSuccess } = JSON.parse(body.toString('utf8')) as {
      partialSuccess?: { rejectedLogRecords?: string | number; errorMessage?: string };
    };
    const rejected = Number(partialSuccess?.rejectedLogRecords ?? 0);
    const message = partialSuccess?.errorMessage ?? '';
    return rejected > 0 || message !== '' ? { rejected, message } : undefined;
  } catch {
    return undefined;
  }
}

function detailOf({ body, contentType }: HttpAnswer): string {
  const text =
    isProtobuf(contentType) && /protobuf/i.test(contentType ?? '') ? readStatusMessage(body) : body.toString('utf8');
  const line = (text ?? '').replaceAll(/[\s\p{Cc}]+/gu, ' ').trim();
  return line === '' ? '' : `: ${line.slice(0, MAX_REASON_CHARS)}`;
}
