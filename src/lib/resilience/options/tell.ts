/**
 * Calls a listener, if there is one. Call it last, when the state is complete: the listener may use the object again. What it throws is
 * dropped, because the request at hand must not fail for the sake of an onlooker.
 */
export function tell<Change>(listener: ((change: Change) => void) | undefined, change: Change): void {
  try {
    listener?.(change);
  } catch {
    // The onlooker's own mistake.
  }
}
