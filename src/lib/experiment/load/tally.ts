import type { LatencySummary, LoadSummary } from '../../events/run-events.ts';

/** Requests that ended, by how. `sent` is `ok` and all errors together: none is lost silently. */
export class OutcomeTally {
  #ok = 0;
  #failed = 0;
  readonly #errors = new Map<string, number>();

  add(outcome: string, count = 1): void {
    if (outcome === 'ok') this.#ok += count;
    else {
      this.#failed += count;
      this.#errors.set(outcome, (this.#errors.get(outcome) ?? 0) + count);
    }
  }

  addSummary({ ok, errors }: LoadSummary): void {
    this.add('ok', ok);
    for (const [outcome, count] of Object.entries(errors)) this.add(outcome, count);
  }

  summary(latency: LatencySummary): LoadSummary {
    const sent = this.#ok + this.#failed;
    const byCount = [...this.#errors].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
    return {
      sent,
      ok: this.#ok,
      errors: Object.fromEntries(byCount),
      errorRatio: sent === 0 ? 0 : this.#failed / sent,
      latency,
    };
  }
}
