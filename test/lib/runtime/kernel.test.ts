import { describe, expect, it } from 'vitest';
import { openKernel } from '../../../src/lib/runtime/kernel.ts';

describe('a WebAssembly kernel', () => {
  it('has a memory of whole pages, of its own, and exports what its source does', () => {
    const [first, second] = [1, 2].map(() => openKernel<{ frame: unknown }>('otlp-logs', 65_537));
    expect(first?.memory.length).toBe(2 * 65_536);
    expect(first?.memory.byteOffset).toBe(0);
    expect(typeof first?.exports.frame).toBe('function');
    first?.memory.fill(7);
    expect(second?.memory[65_536]).toBe(0);
  });

  it('says what to do when it has not been built', () => {
    expect(() => openKernel('another' as 'otlp-logs', 1)).toThrow(/another\.wasm is missing/);
  });
});
