import { abortFilter } from './filters/abort.ts';
import { errorFilter } from './filters/error.ts';
import { latencyFilter } from './filters/latency.ts';
import type { FilterKind } from './filter.ts';

/** Every filter kind there is. */
export const FILTER_KINDS: readonly FilterKind[] = [latencyFilter, errorFilter, abortFilter];

export function lookupFilterKind(kind: string): FilterKind | undefined {
  return FILTER_KINDS.find((candidate) => candidate.kind === kind);
}
