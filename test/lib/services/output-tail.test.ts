import { describe, expect, it } from 'vitest';
import { OutputTail } from '../../../src/lib/services/output-tail.ts';

describe('the end of an output', () => {
  it('is its last lines, however they were cut into pieces', () => {
    const tail = new OutputTail();
    for (const unit of 'one\ntwo\nthree\n') tail.add(Buffer.from(unit));
    expect(tail.text()).toBe('one\ntwo\nthree');
    expect(tail.text(2)).toBe('two\nthree');
  });

  it.each([1, 7, 64, 1_000])('stays bounded with pieces of %d bytes', (size) => {
    const tail = new OutputTail(64);
    for (let i = 0; i < 100; i++) tail.add(Buffer.alloc(size, 97 + (i % 26)));
    expect(tail.text(1).length).toBe(64);
    expect(tail.text(1).at(-1)).toBe(String.fromCharCode(97 + (99 % 26)));
  });

  it('is empty when nothing was written', () => {
    expect(new OutputTail().text()).toBe('');
  });
});
