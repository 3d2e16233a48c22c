import type { Candidate } from './candidate.ts';

/**
 * One request in flight on one endpoint. However often and from wherever it is ended (response complete, aborted, reset, upgraded and
 * closed), the endpoint's count falls once. `using lease = startRequest(endpoint)` ends it with the block.
 */
export class Lease {
  #candidate: Candidate | undefined;

  /** Use `startRequest`. */
  constructor(candidate: Candidate) {
    this.#candidate = candidate;
    candidate.inFlight++;
  }

  /** Whether the request still counts. */
  get isOpen(): boolean {
    return this.#candidate !== undefined;
  }

  /** Takes the request off the endpoint's count; harmless when that was done. */
  end(): void {
    const candidate = this.#candidate;
    if (candidate === undefined) return;
    this.#candidate = undefined;
    candidate.inFlight--;
  }

  [Symbol.dispose](): void {
    this.end();
  }
}

/** Counts a request as in flight on the endpoint, until the lease is ended. The only way to raise `inFlight`. */
export function startRequest(candidate: Candidate): Lease {
  return new Lease(candidate);
}
