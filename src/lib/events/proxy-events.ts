import type { JsonObject } from './json.ts';
import type { Effect } from './run-events.ts';
import type { OperatorEventBody } from './operator-events.ts';
import type { ProtectionEventBody } from './protection-events.ts';
import type { ServiceEventBody } from './service-events.ts';

/** What happens to the listeners and faults of a proxy. */
export type ProxyEventBody =
  | { readonly type: 'listener.opened'; readonly service: string; readonly address: string; readonly upstream: string }
  | { readonly type: 'listener.closed'; readonly service: string; readonly address: string }
  | FaultEvent<'fault.applied', { readonly requested: JsonObject }>
  | FaultEvent<'fault.changed', { readonly requested: JsonObject }>
  /** With all that it did while it was in force. */
  | FaultEvent<'fault.removed', { readonly effect: Effect }>
  | ProtectionEventBody
  | ServiceEventBody
  | OperatorEventBody
  | { readonly type: 'proxy.note'; readonly level: 'info' | 'warning'; readonly text: string };

type FaultEvent<Type extends string, More> = {
  readonly type: Type;
  readonly service: string;
  readonly fault: string;
  readonly kind: string;
} & More;

export type ProxyEvent = { readonly unixMs: number } & ProxyEventBody;
