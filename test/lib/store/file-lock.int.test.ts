import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { selfRef } from '../../../src/lib/runtime/processes.ts';
import { withLock } from '../../../src/lib/store/file-lock.ts';
import { temporaryDirectory } from '../../support/temp.ts';

describe('a lock that is a file', () => {
  it('is there while the work is done, and gone after it, also when the work throws', () => {
    const file = join(temporaryDirectory(), 'lock');
    expect(withLock(file, () => existsSync(file))).toBe(true);
    expect(existsSync(file)).toBe(false);
    expect(() =>
      withLock(file, () => {
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(existsSync(file)).toBe(false);
  });

  it('passes on when its holder is dead', () => {
    const file = join(temporaryDirectory(), 'lock');
    writeFileSync(file, '1 987654321');
    expect(withLock(file, () => 'mine')).toBe('mine');
  });

  it('is waited for while its holder lives, but not for ever', () => {
    const file = join(temporaryDirectory(), 'lock');
    const { pid, startTicks } = selfRef();
    writeFileSync(file, `${pid} ${startTicks}`);
    expect(() => withLock(file, () => 'mine', 100)).toThrow(`process ${pid} holds`);
  });
});
