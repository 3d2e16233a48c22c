import type { RelayedExchange } from './relayed-exchange.ts';
import type { RequestIntake } from './request-intake.ts';
import type { Tunnel } from './tunnel.ts';

/**
 * Where a connection stands. One request at a time: what the client sends ahead of its turn waits in ClientSide.
 *
 *     idle ──head──▶ [intake] ──admitted──▶ relaying ──response done──▶ idle
 *       │              └─────answer─────▶ discarding ──body read────▶ idle
 *       └─not HTTP, 101, CONNECT──▶ tunnel         any ──we end it──▶ leaving ──▶ gone
 */
export type HttpState =
  | { readonly at: 'idle' | 'leaving' | 'gone' }
  /** Faults want something of a request, which has not gone on yet. */
  | { readonly at: 'intake'; readonly intake: RequestIntake }
  | { readonly at: 'relaying'; readonly exchange: RelayedExchange }
  | { readonly at: 'discarding'; leftBytes: number }
  | { readonly at: 'tunnel'; readonly tunnel: Tunnel };

export const IDLE: HttpState = { at: 'idle' };
