import type { Json } from '../../events/json.ts';
import { isMap, valueAt } from '../checks/raw.ts';
import type { Path } from './mistake.ts';

interface Whole {
  readonly root: Json;
  readonly whole: string;
}

/** A place in a file, in its own words: `"with" of fault latency`, `service payments`, `"load.headers"`, `the scenario`. */
export function describePlace({ root, whole }: Whole, path: Path): string {
  for (let length = path.length; length > 0; length--) {
    const owner = lookupOwner(root, path.slice(0, length));
    if (owner !== undefined) return length === path.length ? owner : `"${dotted(path.slice(length))}" of ${owner}`;
  }
  return path.length === 0 ? whole : `"${dotted(path)}"`;
}

/** The words for a value that people think of as a thing: a service, a fault, a probe. */
function lookupOwner(root: Json, path: Path): string | undefined {
  const [section, name] = path;
  if (path.length === 2 && section === 'services') return `service ${String(name)}`;
  if (path.length === 2 && section === 'variables') return `variable ${String(name)}`;
  const value = valueAt(root, path);
  if (!isMap(value)) return undefined;
  if (typeof value.fault === 'string') return `fault ${value.fault}`;
  if (typeof value.probe !== 'string') return undefined;
  return typeof value.name === 'string' ? `probe "${value.name}"` : `probe ${value.probe}`;
}

function dotted(path: Path): string {
  return path.map((part, index) => (typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${part}`)).join('');
}
