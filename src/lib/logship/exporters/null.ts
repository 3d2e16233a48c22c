import { ACCEPTED, type Exporter } from '../exporter.ts';

/** Takes everything and keeps nothing: to measure what reading and framing cost. */
export function createNullExporter(): Exporter {
  return {
    name: 'null',
    window: 1,
    send: () => Promise.resolve(ACCEPTED),
    close: () => Promise.resolve(),
  };
}
