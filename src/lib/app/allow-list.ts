import { join } from 'node:path';
import { parse } from 'yaml';
import { AppError, messageOf } from '../errors/app-error.ts';
import { EMPTY_ALLOW_LIST, parseAllowList, type AllowList } from '../faults/safety.ts';
import { configDirectory } from '../runtime/environment.ts';
import { lookupText } from '../runtime/files.ts';

/** What the user allows faults to hurt beyond a scenario's own services: `allow.yaml` in the settings folder; nothing without it. */
export function loadAllowList(file = join(configDirectory(), 'allow.yaml')): AllowList {
  const text = lookupText(file);
  if (text === undefined) return EMPTY_ALLOW_LIST;
  let raw: unknown;
  try {
    raw = parse(text);
  } catch (error) {
    throw new AppError('usage', `${file}: ${messageOf(error)}`, {
      hint: 'it looks like this: {processes: [nginx, "worker-*"], host: true}',
      cause: error,
    });
  }
  return parseAllowList(raw);
}
