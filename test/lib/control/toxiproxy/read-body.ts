import { parseGoJson } from '../../../../src/lib/control/toxiproxy/go-json-reader.ts';
import type { GoJson } from '../../../../src/lib/control/toxiproxy/go-json.ts';

/** A body as the API's parts are given it. */
export function body(value: unknown): GoJson {
  const parsed = parseGoJson(typeof value === 'string' ? value : JSON.stringify(value));
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.value;
}
