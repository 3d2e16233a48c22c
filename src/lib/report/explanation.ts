import type { Explanation } from '../resilience/balance.ts';
import { formatTable } from './table.ts';

/** Why an endpoint is not the next one, for people. */
const VERDICTS: Readonly<Record<Explanation['candidates'][number]['verdict'], string>> = {
  next: 'gets the next request',
  drained: 'drained: weight 0',
  unhealthy: 'its health checks fail',
  excluded: 'tried already',
  later: 'its turn comes later',
  busier: 'has more under way for its weight',
  not_drawn: 'was not drawn',
  other_key: 'the key belongs to another',
};

/** Which endpoint gets the next request of a service, and a line for each on why it does or does not. */
export function formatExplanation(
  explanation: Omit<Explanation, 'next'> & { readonly service: string; readonly next: string | null },
): string {
  const { service, kind, next, reason, isPanic, healthy, weighted, candidates } = explanation;
  const decision = next === null ? `nobody gets the next request of ${service}` : `${next} gets the next request`;
  const panic = isPanic ? [`PANIC: only ${healthy} of ${weighted} are healthy, so health is ignored`] : [];
  const rows = candidates.map(({ id, weight, effectiveWeight, inFlight, isHealthy, verdict }) => [
    id,
    isHealthy ? 'healthy' : 'unhealthy',
    String(weight),
    String(Number(effectiveWeight.toFixed(3))),
    String(inFlight),
    VERDICTS[verdict],
  ]);
  const head = ['ENDPOINT', 'HEALTH', 'WEIGHT', 'COUNTS AS', 'IN FLIGHT', 'NEXT'];
  return [`${decision} (${kind}: ${reason})`, ...panic, ...formatTable([head, ...rows], 'llrrrl')].join('\n');
}
