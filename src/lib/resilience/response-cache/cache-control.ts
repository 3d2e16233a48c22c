import { fieldLines, type HeaderPair } from './fields.ts';

/** Seconds beyond it count as it (RFC 9111 section 1.2.2). */
const MAX_DELTA_SECONDS = 2 ** 31;

/** The directives of Cache-Control that a fallback store has to know, of a request or of a response (RFC 9111 section 5.2, RFC 5861 section 4). */
export interface CacheControl {
  noStore: boolean;
  noCache: boolean;
  private: boolean;
  public: boolean;
  mustRevalidate: boolean;
  proxyRevalidate: boolean;
  mustUnderstand: boolean;
  maxAgeMs: number | undefined;
  sMaxageMs: number | undefined;
  staleIfErrorMs: number | undefined;
  maxStaleMs: number | undefined;
  minFreshMs: number | undefined;
}

type Flag = { [K in keyof CacheControl]: CacheControl[K] extends boolean ? K : never }[keyof CacheControl];

const FLAGS: ReadonlyMap<string, Flag> = new Map<string, Flag>([
  ['no-store', 'noStore'],
  // With a list of fields, `no-cache` and `private` mean less; taking them for all is always allowed (sections 5.2.2.4 and 5.2.2.7).
  ['no-cache', 'noCache'],
  ['private', 'private'],
  ['public', 'public'],
  ['must-revalidate', 'mustRevalidate'],
  ['proxy-revalidate', 'proxyRevalidate'],
  ['must-understand', 'mustUnderstand'],
]);

const SPANS: ReadonlyMap<string, Exclude<keyof CacheControl, Flag>> = new Map([
  ['max-age', 'maxAgeMs' as const],
  ['s-maxage', 'sMaxageMs' as const],
  ['stale-if-error', 'staleIfErrorMs' as const],
  ['max-stale', 'maxStaleMs' as const],
  ['min-fresh', 'minFreshMs' as const],
]);

/**
 * Reads all Cache-Control lines. Never throws: what is unknown is passed over, a span that is no number is 0 (stale, nothing allowed), and of
 * two of one name the first holds. A request without Cache-Control but with `Pragma: no-cache` means no-cache (section 5.4).
 */
export function parseCacheControl(headers: readonly HeaderPair[], pragma: 'pragma-counts' | 'no-pragma'): CacheControl {
  const control = nothingSaid();
  const lines = fieldLines(headers, 'cache-control');
  for (const line of lines) readLine(control, line);
  if (lines.length === 0 && pragma === 'pragma-counts')
    control.noCache = fieldLines(headers, 'pragma').some((line) => /(?:^|,)\s*no-cache\s*(?:,|$)/i.test(line));
  return control;
}

function nothingSaid(): CacheControl {
  const said = { noStore: false, noCache: false, private: false, public: false };
  const revalidate = { mustRevalidate: false, proxyRevalidate: false, mustUnderstand: false };
  const spans = { maxAgeMs: undefined, sMaxageMs: undefined, staleIfErrorMs: undefined };
  return { ...said, ...revalidate, ...spans, maxStaleMs: undefined, minFreshMs: undefined };
}

function readLine(control: CacheControl, line: string): void {
  for (let at = 0; at < line.length;) {
    const end = memberEnd(line, at);
    readDirective(control, line.slice(at, end).trim());
    at = end + 1;
  }
}

/** The next comma that stands in no quoted text, or the end. */
function memberEnd(line: string, start: number): number {
  let quoted = false;
  for (let at = start; at < line.length; at++) {
    const char = line[at];
    if (char === '"') quoted = !quoted;
    else if (char === '\\' && quoted) at++;
    else if (char === ',' && !quoted) return at;
  }
  return line.length;
}

function readDirective(control: CacheControl, text: string): void {
  const equals = text.indexOf('=');
  const name = (equals === -1 ? text : text.slice(0, equals)).trim().toLowerCase();
  const flag = FLAGS.get(name);
  if (flag !== undefined) control[flag] = true;
  const span = SPANS.get(name);
  if (span === undefined) return;
  // `max-stale` alone: however stale.
  const ms = equals === -1 && span === 'maxStaleMs' ? Infinity : spanMs(text.slice(equals + 1));
  control[span] ??= ms;
}

/** `60` and, as recipients must, `"60"`. */
function spanMs(text: string): number {
  const digits = /^\s*(?:(\d+)|"(\d+)")\s*$/.exec(text);
  const seconds = Number(digits?.[1] ?? digits?.[2] ?? 0);
  return Math.min(seconds, MAX_DELTA_SECONDS) * 1000;
}
