/**
 * How endpoints are chosen:
 *
 * - `round_robin`: in turn by weight, evenly spread; for requests that cost about the same.
 * - `least_request`: the least busy for its weight, in turn among equals; follows slow endpoints by itself. The usual choice.
 * - `random_two`: the less busy of two that are drawn by weight; for fleets of balancers that do not know of each other.
 * - `consistent_hash`: requests of one key to one endpoint, for caches; the least busy when there is no key.
 */
export type BalancerKind = 'round_robin' | 'least_request' | 'random_two' | 'consistent_hash';

/** All kinds, in the order in which they are shown. */
export const BALANCER_KINDS: readonly BalancerKind[] = [
  'round_robin',
  'least_request',
  'random_two',
  'consistent_hash',
];
