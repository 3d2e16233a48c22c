import { defineMessageDelay } from './message-delay.ts';

/** Messages of WebSockets come late. */
export const wsDelayFilter = defineMessageDelay('ws_delay', 'websocket', 'messages of WebSockets');
