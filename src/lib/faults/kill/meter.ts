import type { Effect } from '../../events/run-events.ts';
import type { Clock } from '../../runtime/clock.ts';
import { digestDecisions, round, type Measurement } from '../measured.ts';
import type { Restart } from '../targets.ts';
import type { KillParams } from './params.ts';

/**
 * What became of a kill: how many processes, and how long until they were there again.
 *
 *   killed ──────── started ──── ready
 *   │                    └ readyAfterMs ┤
 *   └ downMs ───────────────────────────┘
 */
export class KillMeter implements Measurement {
  readonly #clock: Clock;
  readonly #params: KillParams;
  readonly #names: readonly string[];
  readonly #downSinceMs: number;
  #upAtMs: number | undefined;
  #restart: Restart | undefined;

  constructor(params: KillParams, killed: readonly { readonly name: string }[], clock: Clock) {
    this.#params = params;
    this.#names = killed.map(({ name }) => name);
    this.#clock = clock;
    this.#downSinceMs = clock.monotonicMs();
  }

  restarted(restart: Restart): void {
    this.#restart ??= restart;
  }

  freeze(): void {
    this.#upAtMs ??= this.#clock.monotonicMs();
  }

  effect(): Effect {
    const killed = this.#names.length;
    return {
      touched: killed,
      requested: { signal: this.#params.signal, restart: this.#params.restart },
      delivered: { killed, ...(this.#params.restart ? this.#times() : {}) },
      decisions: {
        seen: killed,
        hit: killed,
        digest: digestDecisions(
          'kill',
          this.#names.map((name) => [name, true] as const),
        ),
      },
      ...(killed === 0 ? { note: 'no process of it was running' } : {}),
    };
  }

  #times(): { readonly [name: string]: number } {
    return {
      downMs: round((this.#upAtMs ?? this.#clock.monotonicMs()) - this.#downSinceMs),
      restarts: this.#restart ? 1 : 0,
      ...(this.#restart ? { readyAfterMs: round(this.#restart.readyAfterMs) } : {}),
    };
  }
}

/** The effect of a kill that this process did not carry out. */
export function notCarriedOut({ signal, restart }: KillParams): Effect {
  return {
    touched: 0,
    requested: { signal, restart },
    delivered: {},
    decisions: { seen: 0, hit: 0, digest: digestDecisions('kill', []) },
    note: 'it was not injected by this process, which is the only one that could have measured it',
  };
}
