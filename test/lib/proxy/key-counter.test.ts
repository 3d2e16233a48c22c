import { describe, expect, it } from 'vitest';
import { KeyCounter } from '../../../src/lib/proxy/key-counter.ts';

describe('a key counter', () => {
  it('counts each key on its own', () => {
    const counter = new KeyCounter();
    expect(['a', 'b', 'a', 'a', 'b'].map((key) => counter.next(key))).toEqual([0, 0, 1, 2, 1]);
  });

  it('forgets the key that was not seen for longest when there are too many', () => {
    const counter = new KeyCounter(2);
    expect(['a', 'b', 'a', 'c', 'a', 'b'].map((key) => counter.next(key))).toEqual([0, 0, 1, 0, 2, 0]);
  });

  it('starts afresh after clear', () => {
    const counter = new KeyCounter();
    counter.next('a');
    counter.clear();
    expect(counter.next('a')).toBe(0);
  });
});
