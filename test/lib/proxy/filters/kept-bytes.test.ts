import { describe, expect, it } from 'vitest';
import { KeptBytes } from '../../../../src/lib/proxy/filters/kept-bytes.ts';

function keep(...texts: readonly string[]): KeptBytes {
  const kept = new KeptBytes();
  for (const text of texts) kept.push(Buffer.from(text));
  return kept;
}

describe('kept bytes', () => {
  it('come back in order, no more at once than asked for and none across two chunks', () => {
    const kept = keep('abcdef', '', 'gh');
    const pieces: string[] = [];
    while (kept.bytes > 0) pieces.push(kept.take(4).toString());
    expect(pieces).toEqual(['abcd', 'ef', 'gh']);
    expect(kept.take(4)).toHaveLength(0);
  });

  it('come back all at once, what is left of them', () => {
    const kept = keep('abc', 'def');
    kept.take(1);
    expect(kept.bytes).toBe(5);
    expect(kept.takeAll().map(String)).toEqual(['bc', 'def']);
    expect([kept.bytes, kept.takeAll()]).toEqual([0, []]);
    const other = keep('abc', 'def');
    other.take(3);
    expect(other.takeAll().map(String)).toEqual(['def']);
  });

  it('are not copied', () => {
    const chunk = Buffer.from('abcdef');
    const kept = new KeptBytes();
    kept.push(chunk);
    expect(kept.take(2).buffer).toBe(chunk.buffer);
    expect(kept.take(9).buffer).toBe(chunk.buffer);
  });

  it('stay in order however many there are', () => {
    const kept = new KeptBytes();
    let [pushed, taken] = [0, 0];
    for (let round = 0; round < 5000; round++) {
      for (let i = 0; i < 3; i++) kept.push(Buffer.from(`${pushed++};`));
      for (let i = 0; i < 2; i++) expect(kept.take(99).toString()).toBe(`${taken++};`);
    }
    while (kept.bytes > 0) expect(kept.take(99).toString()).toBe(`${taken++};`);
    expect(taken).toBe(pushed);
  });
});
