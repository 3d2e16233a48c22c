import { isMap } from '../checks/raw.ts';
import type { FaultSchemaInput } from './kinds.ts';
import type { NamedFiles } from './named-files.ts';

/** The parameters of a fault that name files, with what is written there. */
export function fileParamsOf(kind: FaultSchemaInput, params: unknown): readonly (readonly [string, string])[] {
  return (kind.fileParams ?? []).flatMap((name) => {
    const text = isMap(params) && Object.hasOwn(params, name) ? params[name] : undefined;
    return typeof text === 'string' ? [[name, text] as const] : [];
  });
}

/** The parameters as written, but with absolute paths: who reads them knows nothing of the folder of the file. */
export function resolveFileParams(kind: FaultSchemaInput | undefined, params: unknown, files: NamedFiles): unknown {
  const named = kind === undefined ? [] : fileParamsOf(kind, params);
  if (named.length === 0 || !isMap(params)) return params;
  return { ...params, ...Object.fromEntries(named.map(([name, text]) => [name, files.resolve(text)])) };
}
