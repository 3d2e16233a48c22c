import { type Batch, ROW_LENGTH } from './messages.ts';

/** Outcomes that are told apart; servers send some dozens of statuses, systems some dozens of errors. More are one: `other`. */
const MAX_OUTCOMES = 1_000;

/** Collects what ends until it is sent off; names travel once. */
export class BatchBuilder {
  #rows: number[] = [];
  #newNames: string[] = ['ok'];
  readonly #codes = new Map<string, number>([['ok', 0]]);

  add(scheduledMs: number, latencyMs: number, outcome: string): void {
    this.#rows.push(scheduledMs, latencyMs * 1000, this.#codeOf(outcome));
  }

  /** The batch so far; a new one begins. */
  take(open: readonly number[], lagMs: number | undefined): Batch {
    const batch = { rows: Float64Array.from(this.#rows), names: this.#newNames, open: Float64Array.from(open), lagMs };
    this.#rows = [];
    this.#newNames = [];
    return batch;
  }

  #codeOf(outcome: string): number {
    const known = this.#codes.get(outcome);
    if (known !== undefined) return known;
    if (this.#codes.size >= MAX_OUTCOMES && outcome !== 'other') return this.#codeOf('other');
    const code = this.#codes.size;
    this.#codes.set(outcome, code);
    this.#newNames.push(outcome);
    return code;
  }
}

/** One request that ended. */
export interface Row {
  readonly scheduledMs: number;
  readonly latencyUs: number;
  readonly code: number;
}

export function* readRows(rows: Float64Array): Generator<Row> {
  for (let i = 0; i + ROW_LENGTH <= rows.length; i += ROW_LENGTH) {
    yield { scheduledMs: rows[i] ?? 0, latencyUs: rows[i + 1] ?? 0, code: rows[i + 2] ?? 0 };
  }
}
