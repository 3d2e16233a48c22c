import type { Effect } from '../events/run-events.ts';
import type { JsonObject } from '../events/json.ts';
import { DelayMeter } from './delay-meter.ts';
import { DecisionDigest } from './dice.ts';
import type { Layer } from './filter.ts';

/** What the engine did for a filter, by the names that reports and metrics show. */
export type Deed =
  | 'responses'
  | 'resets'
  | 'closes'
  | 'edits'
  | 'duplicates'
  | 'droppedChunks'
  | 'droppedBytes'
  | 'droppedMessages'
  | 'droppedDatagrams'
  | 'changedBytes'
  | 'unchangeable';

const NAMES: Readonly<Record<Layer, string>> = {
  stream: 'connection',
  request: 'request',
  message: 'message',
  datagram: 'datagram',
};

/** The account of one fault: whom it saw, whom it chose, whom it hurt, and what it delivered. Bounded whatever the traffic. */
export class FilterAccount {
  /** Units that came by, meant or not. */
  offered = 0;
  seen = 0;
  hit = 0;
  touched = 0;
  cutShort = 0;
  readonly #digest = new DecisionDigest();
  readonly #deeds = new Map<Deed, number>();
  #delays: DelayMeter | undefined;
  #pacedBytes = 0;
  #pacedMs = 0;

  decided(key: string, index: number, isHit: boolean): void {
    if (isHit) this.hit++;
    this.#digest.add(key, index, isHit);
  }

  count(deed: Deed, by = 1): void {
    this.#deeds.set(deed, (this.#deeds.get(deed) ?? 0) + by);
  }

  /** How long something was really held; `cutShort` when it was let go, or its caller hung up, before the time was over. */
  recordDelay(delayMs: number, cutShort = false): void {
    this.#delays ??= new DelayMeter();
    this.#delays.record(delayMs);
    if (cutShort) this.cutShort++;
  }

  /** Bytes that went on at a limited rate, and the time that they took. */
  recordPace(bytes: number, tookMs: number): void {
    this.#pacedBytes += bytes;
    this.#pacedMs += tookMs;
  }

  get deeds(): ReadonlyMap<Deed, number> {
    return this.#deeds;
  }

  get delays(): DelayMeter | undefined {
    return this.#delays;
  }

  effect(requested: JsonObject, unit: Layer): Effect {
    const note = this.touched === 0 ? this.#whyUntouched(NAMES[unit]) : undefined;
    return {
      touched: this.touched,
      requested,
      delivered: this.#delivered(),
      decisions: { seen: this.seen, hit: this.hit, digest: this.#digest.toString() },
      ...(note === undefined ? {} : { note }),
    };
  }

  #delivered(): JsonObject {
    return {
      percent: this.seen === 0 ? 0 : Math.round((this.hit / this.seen) * 1_000_000) / 10_000,
      ...(this.#delays === undefined ? {} : { delayMs: this.#delays.summary() }),
      ...(this.#pacedMs > 0 ? { bytesPerSecond: Math.round((this.#pacedBytes / this.#pacedMs) * 1000) } : {}),
      ...(this.cutShort > 0 ? { cutShort: this.cutShort } : {}),
      ...Object.fromEntries(this.#deeds),
    };
  }

  #whyUntouched(what: string): string {
    if (this.offered === 0) return `no ${what} reached the service while the fault was in force`;
    if (this.seen === 0)
      return `${count(this.offered, what)} reached the service, but none was one that the fault is meant for`;
    if (this.hit === 0) return `${count(this.seen, what)} came, but the dice chose none of them`;
    return `${count(this.hit, what)} chosen, but ended before the fault could act`;
  }
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
