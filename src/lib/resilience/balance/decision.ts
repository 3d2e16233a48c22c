/** Why a pick came out as it did, as numbers: cheap to keep with each request. `PANIC` may be added to any of the picks. */
export const DECISION = {
  /** Nothing was asked yet. */
  undecided: 0,
  /** Its turn in the rotation by weight. */
  turn: 1,
  /** The least busy one, alone. */
  leastBusy: 2,
  /** Several were least busy; it was its turn among them. */
  leastBusyTurn: 3,
  /** The first of two that were drawn: the second was no less busy. */
  firstDrawn: 4,
  /** The second of two that were drawn: it was less busy. */
  secondDrawn: 5,
  /** The owner of the key. */
  keyOwner: 6,
  /** The owner of the key could not be taken; the next one on the ring. */
  keyNext: 7,
  /** The request has no key; the least busy one. */
  noKey: 8,
  /** No pick: there is no candidate. */
  empty: 9,
  /** No pick: all have weight 0. */
  drained: 10,
  /** No pick: all that have weight are unhealthy, and panic is off. */
  unhealthy: 11,
  /** No pick: all that could be taken were excluded by the request. */
  excluded: 12,
} as const;

/** This bit says that health was ignored, because too few were healthy. */
export const PANIC = 16;

const NAMES: readonly string[] = Array.from({ length: 2 * PANIC }, (_, code) => nameFor(code));

/** The words for a decision's number, such as `key_next` or `turn+panic`; `unknown` for a number that none has. */
export function decisionName(code: number): string {
  return NAMES[code] ?? 'unknown';
}

function nameFor(code: number): string {
  const found = Object.entries(DECISION).find(([, value]) => value === code % PANIC);
  const name = found?.[0].replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) ?? 'unknown';
  return code >= PANIC ? `${name}+panic` : name;
}
