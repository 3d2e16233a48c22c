import type { HttpRequest, HttpResponse } from './http-exchange.ts';

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** Headers that must not travel to another origin. */
const PRIVATE_HEADERS = new Set(['authorization', 'cookie', 'proxy-authorization']);

/** The request that a redirect asks for, as browsers make it (Fetch, section 4.4); undefined when the response is none. */
export function lookupRedirect(request: HttpRequest, response: HttpResponse): HttpRequest | undefined {
  const { location } = response.headers;
  if (!REDIRECTS.has(response.status) || location === undefined) return undefined;
  const url = URL.parse(location, request.url);
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') return undefined;
  const becomesGet =
    (response.status === 303 && request.method !== 'HEAD') ||
    ((response.status === 301 || response.status === 302) && request.method === 'POST');
  const isElsewhere = url.origin !== request.url.origin;
  const headers = Object.entries(request.headers).filter(
    ([name]) => !(isElsewhere && PRIVATE_HEADERS.has(name.toLowerCase())),
  );
  return {
    url,
    method: becomesGet ? 'GET' : request.method,
    headers: Object.fromEntries(headers),
    body: becomesGet ? undefined : request.body,
    insecure: request.insecure,
  };
}
