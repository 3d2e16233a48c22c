import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  appendText,
  createExclusively,
  exists,
  isDirectory,
  isErrno,
  isWritable,
  listNames,
  lookupSize,
  lookupText,
  makeDirectory,
  moveIntoPlace,
  readBytes,
  readText,
  remove,
  removeEmptyDirectory,
  rename,
  writeText,
} from '../../../src/lib/runtime/files.ts';
import { temporaryDirectory } from '../../support/temp.ts';

function catchError(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('files', () => {
  it('writes, appends, renames, reads whole and in part', () => {
    const directory = temporaryDirectory();
    const path = join(directory, 'a');
    writeText(path, 'one ');
    appendText(path, 'two');
    rename(path, `${path}2`);
    expect(exists(path)).toBe(false);
    expect(readText(`${path}2`)).toBe('one two');
    expect(readBytes(`${path}2`).toString()).toBe('one two');
    expect(readBytes(`${path}2`, 3).toString()).toBe('one');
    expect(readBytes(`${path}2`, 100).toString()).toBe('one two');
    expect(lookupSize(`${path}2`)).toBe(7);
    expect(lookupSize(path)).toBeUndefined();
    expect(listNames(directory)).toEqual(['a2']);
  });

  it('tells what is absent from what cannot be read', () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'file'), '');
    expect(lookupText(join(directory, 'none'))).toBeUndefined();
    expect(lookupText(join(directory, 'file', 'below'))).toBeUndefined();
    expect(
      isErrno(
        catchError(() => lookupText(directory)),
        'EISDIR',
      ),
    ).toBe(true);
  });

  it('makes and removes again and again without harm', () => {
    const path = join(temporaryDirectory(), 'a', 'b');
    makeDirectory(path, 0o700);
    makeDirectory(path);
    expect(isDirectory(path)).toBe(true);
    writeFileSync(join(path, 'file'), '');
    remove(path);
    remove(path);
    expect([exists(path), isDirectory(path)]).toEqual([false, false]);
  });

  it('removes an empty directory only, and not twice as an error', () => {
    const path = join(temporaryDirectory(), 'group');
    mkdirSync(join(path, 'child'), { recursive: true });
    expect(
      isErrno(
        catchError(() => removeEmptyDirectory(path)),
        'ENOTEMPTY',
      ),
    ).toBe(true);
    remove(join(path, 'child'));
    removeEmptyDirectory(path);
    removeEmptyDirectory(path);
    expect(exists(path)).toBe(false);
  });

  it('knows what may be written', () => {
    const directory = temporaryDirectory();
    expect(isWritable(directory)).toBe(true);
    expect(isWritable(join(directory, 'none'))).toBe(false);
    const path = join(directory, 'closed');
    writeFileSync(path, '');
    chmodSync(path, 0o400);
    // Permissions do not hold root back; a file system that is mounted read-only does.
    expect(isWritable(path)).toBe(process.getuid?.() === 0);
    expect(isWritable('/proc/self/mountinfo')).toBe(process.getuid?.() === 0);
  });

  it('creates a file once, with the mode that it is given', () => {
    const path = join(temporaryDirectory(), 'secret');
    expect(createExclusively(path, 'first', 0o600)).toBe(true);
    expect(createExclusively(path, 'second')).toBe(false);
    expect(readText(path)).toBe('first');
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('moves a directory to where there is nothing, and nowhere else', () => {
    const directory = temporaryDirectory();
    const [draft, place] = [join(directory, 'draft'), join(directory, 'place')];
    for (const isThere of [false, true]) {
      if (isThere) makeDirectory(place);
      makeDirectory(draft);
      writeText(join(draft, 'file'), 'mine');
      expect(moveIntoPlace(draft, place)).toBe(true);
      expect(readText(join(place, 'file'))).toBe('mine');
      expect(exists(draft)).toBe(false);
      remove(place);
    }
    makeDirectory(draft);
    makeDirectory(place);
    writeText(join(place, 'file'), 'another’s');
    expect(moveIntoPlace(draft, place)).toBe(false);
    expect(readText(join(place, 'file'))).toBe('another’s');
    expect(isDirectory(draft)).toBe(true);
    remove(place);
    writeText(place, 'a file');
    expect(
      isErrno(
        catchError(() => moveIntoPlace(draft, place)),
        'ENOTDIR',
      ),
    ).toBe(true);
  });

  it('takes only system errors for system errors', () => {
    expect(isErrno(new Error('ENOENT'), 'ENOENT')).toBe(false);
    expect(isErrno('ENOENT', 'ENOENT')).toBe(false);
    expect(isErrno(Object.assign(new Error('x'), { code: 'ENOENT' }), 'ENOENT')).toBe(true);
  });
});
