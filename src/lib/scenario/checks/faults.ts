import { AppError } from '../../errors/app-error.ts';
import type { Json, JsonObject } from '../../events/json.ts';
import { fileParamsOf, resolveFileParams } from '../file/file-params.ts';
import type { FaultSchemaInput } from '../file/kinds.ts';
import type { Path } from '../mistakes/mistake.ts';
import { PARSING } from '../mistakes/what-is-right.ts';
import type { Protocol } from '../scenario.ts';
import type { Checking } from './checking.ts';
import { memberOf } from './raw.ts';

/**
 * The parameters of a fault, once they are right in themselves: the files that they name, and, for a fault on a service, whether they mean
 * anything for what that speaks.
 */
export function checkFault(
  checking: Checking,
  fault: JsonObject,
  path: Path,
  on: { readonly service: string; readonly protocol: Protocol } | undefined,
): void {
  const kind = checking.kinds.faults.find((candidate) => candidate.kind === fault.fault);
  const params = memberOf(fault, 'with') ?? {};
  if (!kind?.params.safeParse(params, PARSING).success) return;
  if (!checkFiles(checking, kind, params, path) || on === undefined) return;
  try {
    const misfit = kind.misfit?.(resolveFileParams(kind, params, checking.files), on.protocol);
    if (misfit !== undefined)
      checking.report([...path, 'fault'], `fault ${kind.kind} on service ${on.service}: ${misfit}`);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const [name] = fileParamsOf(kind, params)[0] ?? [];
    checking.report(name === undefined ? [...path, 'with'] : [...path, 'with', name], error.message);
  }
}

/** What the proxy in front of a service speaks, where that can be told. */
export function protocolOf(service: Json | undefined): Protocol | undefined {
  const protocol = memberOf(service, 'protocol');
  switch (protocol) {
    case undefined:
    case null:
      return 'auto';
    case 'auto':
    case 'http':
    case 'tcp':
    case 'udp':
      return protocol;
    default:
      return undefined;
  }
}

/** Whether all files that it names are there to be read: the fault itself will read them. */
function checkFiles({ files, report }: Checking, kind: FaultSchemaInput, params: Json, path: Path): boolean {
  return fileParamsOf(kind, params)
    .map(([name, text]) => {
      const file = files.look(text);
      if (file?.state === 'unreadable') report([...path, 'with', name], `cannot read ${file.path}: ${file.why}`);
      return file?.state === 'read';
    })
    .every(Boolean);
}
