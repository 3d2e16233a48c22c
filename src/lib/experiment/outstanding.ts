import type { Json } from '../events/json.ts';
import type { RunEvent } from '../events/run-events.ts';

/** Something of a run that may still be in force: planned (or more), and not reverted. */
export interface Outstanding {
  readonly step: string;
  readonly subject: 'fault' | 'service';
  readonly kind: string;
  readonly target: string;
  readonly undo: Json;
}

/**
 * What a run must still take back, in the order in which it has to be taken back: faults first, in reverse order of their completion (those
 * that never completed first of all), then the services. A step that crashed between intent and result counts as in force.
 */
export function outstandingUndos(events: readonly RunEvent[]): Outstanding[] {
  const open = new Map<string, Outstanding & { completed: number }>();
  for (const event of events) {
    switch (event.type) {
      case 'step.planned':
        open.set(keyOf(event), { ...event, completed: Number.POSITIVE_INFINITY });
        break;
      case 'step.done': {
        const step = open.get(keyOf(event));
        if (step) step.completed = event.seq;
        break;
      }
      case 'undo.done':
        open.delete(keyOf(event));
        break;
      default:
        break;
    }
  }
  return [...open.values()]
    .sort((a, b) => rank(a.subject) - rank(b.subject) || compareDescending(a.completed, b.completed))
    .map(({ step, subject, kind, target, undo }) => ({ step, subject, kind, target, undo }));
}

function keyOf(event: { readonly subject: string; readonly step: string }): string {
  return `${event.subject} ${event.step}`;
}

function rank(subject: 'fault' | 'service'): number {
  return subject === 'fault' ? 0 : 1;
}

function compareDescending(a: number, b: number): number {
  return a === b ? 0 : b > a ? 1 : -1;
}
