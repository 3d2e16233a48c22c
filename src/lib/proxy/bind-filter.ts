import { z } from 'zod';
import { AppError } from '../errors/app-error.ts';
import { nearest } from '../errors/nearest.ts';
import type { BoundFilter, FilterKind } from './filter.ts';
import { protocolsOf } from './filter.ts';
import type { ListenOptions } from './listen-options.ts';

/** A filter with its parameters, checked against what the service speaks. Throws AppError `usage` that names every mistake. */
export function bindFilter(
  kinds: readonly FilterKind[],
  name: string,
  params: unknown,
  { service, protocol }: Pick<ListenOptions, 'service' | 'protocol'>,
): BoundFilter {
  const kind = kinds.find((candidate) => candidate.kind === name);
  if (kind === undefined) {
    const known = kinds.map((candidate) => candidate.kind);
    const near = nearest(name, known);
    const hint = near === undefined ? `Known filters: ${known.join(', ')}.` : `Did you mean "${near}"?`;
    throw new AppError('usage', `there is no filter "${name}"`, { hint });
  }
  const able = protocolsOf(kind.layers);
  if (!able.includes(protocol))
    throw new AppError('usage', `${name} acts on ${able.join(' and ')} traffic; "${service}" is ${protocol}`);
  try {
    const misfit = kind.misfit(params, protocol);
    if (misfit !== undefined) throw new AppError('usage', `${name}: ${misfit}`);
    return kind.bind(params);
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    const details = error.issues.map(({ path, message }) => `${[...path].join('.') || 'parameters'}: ${message}`);
    throw new AppError('usage', `the parameters of ${name} are wrong`, { details, cause: error });
  }
}
