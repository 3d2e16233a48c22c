import { AppError } from '../../errors/app-error.ts';
import { ApiError, reasonOf } from '../http/api-error.ts';
import { parseGoJson } from './go-json-reader.ts';
import { readProxies, type ProxySpec } from './proxy-body.ts';
import type { Rules } from './rules.ts';

/**
 * The proxies of a configuration file: a list as for `/populate`, in which every proxy may have its toxics. Throws AppError `usage` that names
 * the file, the entry and the field.
 */
export function readConfig(file: string, text: string, rules: Rules): ProxySpec[] {
  const parsed = parseGoJson(text);
  const hint = 'it is a list such as [{"name": "redis", "listen": "127.0.0.1:26379", "upstream": "127.0.0.1:6379"}]';
  if (!parsed.ok) throw new AppError('usage', `${file}:${placeOf(text, parsed.at)}: ${parsed.message}`, { hint });
  if (parsed.rest.trim() !== '') {
    const place = placeOf(text, text.length - parsed.rest.trimStart().length);
    throw new AppError('usage', `${file}:${place}: there is something behind the list`, { hint });
  }
  try {
    return readProxies(parsed.value, { rules, takesToxics: true });
  } catch (error) {
    if (error instanceof ApiError) throw new AppError('usage', `${file}: ${reasonOf(error)}`, { cause: error });
    throw error;
  }
}

/** `line:column`, both from 1. */
function placeOf(text: string, at: number): string {
  const lines = text.slice(0, at).split('\n');
  return `${lines.length}:${(lines.at(-1) ?? '').length + 1}`;
}
