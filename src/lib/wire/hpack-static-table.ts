import type { HeaderField } from './hpack-field.ts';

/** RFC 7541 appendix A, in its order; what follows the first blank is the value. */
const ROWS = [
  ':authority',
  ':method GET',
  ':method POST',
  ':path /',
  ':path /index.html',
  ':scheme http',
  ':scheme https',
  ':status 200',
  ':status 204',
  ':status 206',
  ':status 304',
  ':status 400',
  ':status 404',
  ':status 500',
  'accept-charset',
  'accept-encoding gzip, deflate',
  'accept-language',
  'accept-ranges',
  'accept',
  'access-control-allow-origin',
  'age',
  'allow',
  'authorization',
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-length',
  'content-location',
  'content-range',
  'content-type',
  'cookie',
  'date',
  'etag',
  'expect',
  'expires',
  'from',
  'host',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'last-modified',
  'link',
  'location',
  'max-forwards',
  'proxy-authenticate',
  'proxy-authorization',
  'range',
  'referer',
  'refresh',
  'retry-after',
  'server',
  'set-cookie',
  'strict-transport-security',
  'transfer-encoding',
  'user-agent',
  'vary',
  'via',
  'www-authenticate',
];

/** The fields that every table begins with, the first of them known as 1 (RFC 7541 appendix A). */
export const STATIC_FIELDS: readonly HeaderField[] = ROWS.map((row) => {
  const blank = row.indexOf(' ');
  return blank < 0 ? { name: row, value: '' } : { name: row.slice(0, blank), value: row.slice(blank + 1) };
});

/** Where a name stands in the static table, and its values there. */
export interface StaticName {
  /** The lowest index with this name. */
  readonly index: number;
  readonly indexOfValue: ReadonlyMap<string, number>;
}

/** The static table by names. */
export const STATIC_NAMES: ReadonlyMap<string, StaticName> = collectNames();

function collectNames(): Map<string, StaticName> {
  const names = new Map<string, { index: number; indexOfValue: Map<string, number> }>();
  for (const [i, { name, value }] of STATIC_FIELDS.entries()) {
    const known = names.get(name) ?? { index: i + 1, indexOfValue: new Map<string, number>() };
    known.indexOfValue.set(value, i + 1);
    names.set(name, known);
  }
  return names;
}
