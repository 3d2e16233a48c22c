import { z } from 'zod';
import type { Direction } from '../views.ts';

/** Which way of a conversation is hurt: what the client sends, what the service sends, or both. */
export const streamSchema = z.enum(['upstream', 'downstream', 'both']).meta({
  description: 'what is hurt: what the client sends (upstream), what the service sends (downstream), or both',
});

export type Streams = z.output<typeof streamSchema>;

/** Whether a fault on those streams acts in that direction. */
export function isIn(streams: Streams, direction: Direction): boolean {
  return streams === 'both' || streams === direction;
}

/** The one direction that is meant; undefined for both, as a message part takes it. */
export function onlyDirection(streams: Streams): Direction | undefined {
  return streams === 'both' ? undefined : streams;
}
