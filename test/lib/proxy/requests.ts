import type { RequestView } from '../../../src/lib/proxy/filter.ts';

/** A request head as a filter sees it. */
export function requestView(method: string, path: string, headers: Readonly<Record<string, string>> = {}): RequestView {
  return { method, path, header: (name) => headers[name] };
}
