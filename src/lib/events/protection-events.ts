import type { JsonObject } from './json.ts';

/** What happens to that which protects a service. */
export type ProtectionEventBody =
  | {
      readonly type: 'breaker.changed';
      readonly service: string;
      /** Undefined: the breaker of the service as a whole. */
      readonly endpoint: string | undefined;
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
    };
