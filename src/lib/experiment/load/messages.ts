import type { LoadSpec } from '../../scenario/scenario.ts';
import type { Identity } from './request-head.ts';

/** What the generator's thread is born with. */
export interface GeneratorSetup {
  readonly spec: LoadSpec;
  readonly identity: Identity;
}

/** To the generator. Times of the load are ms from its start. */
export type GeneratorCommand =
  | {
      readonly do: 'start';
      /** The moment of arrival 0, on the time that the process's threads share. */
      readonly startSharedMs: number;
      /** No arrival is scheduled from here on; undefined: until stopped. */
      readonly endMs: number | undefined;
    }
  | {
      readonly do: 'stop';
      /** Arrivals scheduled before this are still made. */
      readonly atMs: number;
      /** Requests that are still open at this moment are cut. */
      readonly cutMs: number;
    };

/** From the generator. */
export type GeneratorMessage =
  | { readonly type: 'ready' }
  | (Batch & { readonly type: 'batch' })
  | { readonly type: 'done'; readonly arrivals: number };

/** What happened since the last batch. */
export interface Batch {
  /** Three numbers a request that ended: when it was scheduled (ms), its latency from then (µs), the code of its outcome. */
  readonly rows: Float64Array<ArrayBuffer>;
  /** Names of outcomes that are new, in the order of their codes; the first of all is `ok`. */
  readonly names: readonly string[];
  /** When requests were scheduled that have been open for long (see LONG_OPEN_MS). */
  readonly open: Float64Array<ArrayBuffer>;
  /** How late the generator itself sent, p99 of a second; undefined: no new second. */
  readonly lagMs: number | undefined;
}

export const ROW_LENGTH = 3;
/** The code of a request that succeeded. */
export const OK_CODE = 0;
/** From this age on an open request is told of: a window over the last seconds must not be blind while everything hangs. */
export const LONG_OPEN_MS = 250;
