import type { ConnectionView, RequestView } from '../../../src/lib/proxy/views.ts';

/** A request head as a filter sees it; the target may have a query. */
export function requestView(
  method: string,
  target: string,
  headers: Readonly<Record<string, string>> = {},
): RequestView {
  const [path = ''] = target.split('?', 1);
  return { method, path, target, header: (name) => headers[name] };
}

/** A client's connection as a filter sees it. */
export function connectionView(ordinal: number, rest: Partial<ConnectionView> = {}): ConnectionView {
  return { ordinal, source: '127.0.0.1', serverName: undefined, ...rest };
}
