/** Hears every event, in order. What it throws is handed to the bus's error handler and never reaches the publisher. */
export type Subscriber<Event> = (event: Event) => void;

export interface EventBus<Event> {
  publish(event: Event): void;
  /** Returns the function that ends the subscription. */
  subscribe(subscriber: Subscriber<Event>): () => void;
}

/** Events that may wait while a subscriber publishes from within its handler; more means a loop of subscribers. */
const MAX_WAITING_EVENTS = 10_000;

/**
 * A bus within one process. Every subscriber sees every event in the order of publication, also when an event is published from
 * within a handler: it waits its turn instead of overtaking.
 */
export function createEventBus<Event>(onSubscriberError: (error: unknown) => void): EventBus<Event> {
  const subscribers = new Set<Subscriber<Event>>();
  const waiting: Event[] = [];
  let delivering = false;

  const deliver = (event: Event): void => {
    for (const subscriber of [...subscribers]) {
      try {
        subscriber(event);
      } catch (error) {
        onSubscriberError(error);
      }
    }
  };

  return {
    publish(event) {
      if (waiting.length >= MAX_WAITING_EVENTS)
        throw new Error(`event bus: more than ${MAX_WAITING_EVENTS} events published from within handlers`);
      waiting.push(event);
      if (delivering) return;
      delivering = true;
      try {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) deliver(next);
      } finally {
        delivering = false;
      }
    },
    subscribe(subscriber) {
      subscribers.add(subscriber);
      return () => void subscribers.delete(subscriber);
    },
  };
}
