import type { JsonObject } from './json.ts';

/** What happens to that which protects a service. */
export type ProtectionEventBody =
  | {
      readonly type: 'breaker.changed';
      readonly service: string;
      /** Undefined: the breaker of the service as a whole. */
      readonly endpoint: string | undefined;
      /** Undefined: not that of a route. */
      readonly route?: string | undefined;
      readonly from: string;
      readonly to: string;
      readonly forced: string | undefined;
      readonly reason: string;
      /** As they were when the change was decided. */
      readonly counts: JsonObject;
    }
  /** A rate limit refuses requests, or has refused none for a while. */
  | {
      readonly type: 'limit.changed';
      readonly service: string;
      readonly limit: string;
      readonly refuses: boolean;
      readonly admitted: number;
      readonly refused: number;
    }
  /** What has been counted until then: at the end of each phase of a run. */
  | {
      readonly type: 'protection.counted';
      readonly service: string;
      readonly requests: number;
      /** Answers given in the place of the service: all of them, and those from the cache. */
      readonly fallbacks: number;
      readonly fallbacksFromCache: number;
      readonly retries: number;
      /** Requests that breakers and limits have not let through. */
      readonly rejected: number;
      readonly limited: number;
    };
