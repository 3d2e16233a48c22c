import { describe, expect, it } from 'vitest';
import { createEventBus } from '../../../src/lib/events/bus.ts';

describe('event bus', () => {
  it('delivers to every subscriber in order, also what a handler publishes', () => {
    const bus = createEventBus<number>(() => undefined);
    const heard: string[] = [];
    bus.subscribe((event) => {
      heard.push(`a${event}`);
      if (event === 1) bus.publish(2);
    });
    bus.subscribe((event) => heard.push(`b${event}`));
    bus.publish(1);
    expect(heard).toEqual(['a1', 'b1', 'a2', 'b2']);
  });

  it('keeps a throwing subscriber away from the publisher and the others', () => {
    const errors: unknown[] = [];
    const heard: number[] = [];
    const bus = createEventBus<number>((error) => errors.push(error));
    bus.subscribe(() => {
      throw new Error('mine');
    });
    bus.subscribe((event) => heard.push(event));
    bus.publish(1);
    bus.publish(2);
    expect(heard).toEqual([1, 2]);
    expect(errors).toHaveLength(2);
  });

  it('stops a loop of subscribers instead of filling the memory', () => {
    const errors: unknown[] = [];
    const bus = createEventBus<number>((error) => errors.push(error));
    bus.subscribe((event) => {
      if (errors.length === 0) for (let i = 0; i < 3; i++) bus.publish(event + 1);
    });
    bus.publish(0);
    expect(errors.length).toBeGreaterThan(0);
    expect(String(errors[0])).toContain('published from within handlers');
  });

  it('forgets a subscriber that has left', () => {
    const bus = createEventBus<number>(() => undefined);
    const heard: number[] = [];
    const leave = bus.subscribe((event) => heard.push(event));
    bus.publish(1);
    leave();
    leave();
    bus.publish(2);
    expect(heard).toEqual([1]);
  });
});
