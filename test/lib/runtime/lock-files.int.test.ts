import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { holdLock } from '../../../src/lib/runtime/lock-files.ts';
import { selfRef } from '../../../src/lib/runtime/processes.ts';
import { temporaryDirectory } from '../../support/temp.ts';

describe('a lock that a process holds as long as it lives', () => {
  it('is taken once, told to others, and free after its release', () => {
    const file = join(temporaryDirectory(), 'lock');
    const first = holdLock(file);
    expect(holdLock(file)).toEqual({ kind: 'held', by: { ...selfRef(), isAlive: true } });
    if (first.kind === 'taken') first.release();
    expect(existsSync(file)).toBe(false);
    expect(holdLock(file).kind).toBe('taken');
    expect(readdirSync(join(file, '..'))).toEqual(['lock']);
  });

  it.each(['1 987654321', '', 'nonsense', '\0\0\0\0'])('is taken over from what is no living process: %j', (text) => {
    const file = join(temporaryDirectory(), 'lock');
    writeFileSync(file, text);
    expect(holdLock(file).kind).toBe('taken');
    expect(readFileSync(file, 'utf8')).toBe(`${selfRef().pid} ${selfRef().startTicks}`);
  });

  it('is left to whoever has it by the time of its release', () => {
    const file = join(temporaryDirectory(), 'lock');
    const lock = holdLock(file);
    writeFileSync(file, '1 1');
    if (lock.kind === 'taken') lock.release();
    expect(existsSync(file)).toBe(true);
  });
});
