import type { Clock } from '../runtime/clock.ts';
import type { Exporter, OutgoingBatch } from './exporter.ts';

/** What became of a batch for good. */
export type Delivered =
  | { readonly kind: 'accepted'; readonly rejected: number; readonly reason: string | undefined }
  | { readonly kind: 'refused'; readonly reason: string }
  /** It was told to stop before the batch was there: the batch is to be read again. */
  | { readonly kind: 'stopped'; readonly reason: string };

export interface DeliveryOptions {
  readonly clock: Clock;
  /** 0 to 1, for the jitter. */
  readonly chance: () => number;
  readonly firstDelayMs?: number;
  readonly maxDelayMs?: number;
  /** Hears of each attempt that is to be repeated. */
  readonly onRetry?: (retry: { readonly attempt: number; readonly delayMs: number; readonly reason: string }) => void;
}

/** Short enough that a receiver that restarts is not missed, doubling up to what a broken one should be asked. */
const FIRST_DELAY_MS = 250;
const MAX_DELAY_MS = 30_000;
/** A receiver may ask for more patience than that, but not for ever. */
const MAX_ASKED_DELAY_MS = 600_000;

/**
 * Sends batches until each is taken or refused: what is lost on the way, or not wanted now, is sent again, however long that takes, with full jitter
 * (Brooker, "Exponential Backoff And Jitter") and never before the receiver has said.
 */
export class Delivery {
  readonly #exporter: Exporter;
  readonly #options: DeliveryOptions;
  retries = 0;

  constructor(exporter: Exporter, options: DeliveryOptions) {
    this.#exporter = exporter;
    this.#options = options;
  }

  /** Never rejects. */
  async deliver(batch: OutgoingBatch, stop: AbortSignal): Promise<Delivered> {
    for (let attempt = 1; ; attempt++) {
      const result = await this.#exporter.send(batch, stop);
      if (result.kind !== 'later') return result;
      const { reason, afterMs = 0 } = result;
      if (stop.aborted) return { kind: 'stopped', reason };
      const delayMs = Math.max(Math.min(afterMs, MAX_ASKED_DELAY_MS), this.#jitterMs(attempt));
      this.retries++;
      this.#options.onRetry?.({ attempt, delayMs, reason });
      const isStopped = await this.#options.clock.sleep(delayMs, stop).then(
        () => false,
        () => true,
      );
      if (isStopped) return { kind: 'stopped', reason };
    }
  }

  #jitterMs(attempt: number): number {
    const { firstDelayMs = FIRST_DELAY_MS, maxDelayMs = MAX_DELAY_MS, chance } = this.#options;
    const limitMs = Math.min(maxDelayMs, firstDelayMs * 2 ** Math.min(attempt - 1, 30));
    return limitMs * chance();
  }
}
