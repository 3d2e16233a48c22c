import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { replaceDurably } from '../../../src/lib/runtime/durable-files.ts';
import {
  fileSystemType,
  isSymbolicLink,
  listEntries,
  lookupFacts,
  lookupRealPath,
  openFile,
  openFilesLimit,
} from '../../../src/lib/runtime/file-handles.ts';
import { type DirectoryEvent, watchDirectory } from '../../../src/lib/runtime/file-watch.ts';
import { temporaryDirectory } from '../../support/temp.ts';
import { until } from '../../support/until.ts';

describe('an open file', () => {
  it('stays the same while it is renamed, written to and deleted', () => {
    const path = join(temporaryDirectory(), 'a');
    writeFileSync(path, 'one');
    const file = openFile(path)!;
    const { key } = file.facts();
    renameSync(path, `${path}2`);
    appendFileSync(`${path}2`, 'two');
    expect(lookupFacts(`${path}2`)?.key).toBe(key);
    rmSync(`${path}2`);
    const target = Buffer.alloc(10);
    expect(file.readAt(target, 2)).toBe(4);
    expect(target.toString('utf8', 0, 4)).toBe('etwo');
    expect(file.facts()).toMatchObject({ key, sizeBytes: 6, links: 0, kind: 'file' });
    file.close();
  });

  it('is none where there is no file; a pipe without a writer is not waited for', () => {
    const path = join(temporaryDirectory(), 'a');
    expect(openFile(path)).toBeUndefined();
    expect(openFile(join(path, 'b'))).toBeUndefined();
    execFileSync('mkfifo', [path]);
    const pipe = openFile(path)!;
    expect(pipe.facts().kind).toBe('other');
    pipe.close();
  });
});

describe('a directory', () => {
  it('is listed in order, with kinds; links are told as such', () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'b'));
    writeFileSync(join(directory, 'c'), '');
    symlinkSync('c', join(directory, 'a'));
    expect(listEntries(directory)).toEqual([
      { name: 'a', kind: 'link' },
      { name: 'b', kind: 'directory' },
      { name: 'c', kind: 'file' },
    ]);
    expect(listEntries(join(directory, 'none'))).toBeUndefined();
    expect([isSymbolicLink(join(directory, 'a')), isSymbolicLink(join(directory, 'c'))]).toEqual([true, false]);
    expect(lookupRealPath(join(directory, 'a'))).toBe(lookupRealPath(join(directory, 'c')));
  });

  it('that is watched tells of names and of changes', async () => {
    const directory = temporaryDirectory();
    const events: DirectoryEvent[] = [];
    const watch = watchDirectory(directory, (event) => events.push(event));
    writeFileSync(join(directory, 'a'), '');
    await until('the name', () => events.some(({ kind, name }) => kind === 'named' && name === 'a'));
    appendFileSync(join(directory, 'a'), 'x');
    await until('the change', () => events.some(({ kind, name }) => kind === 'changed' && name === 'a'));
    if (watch.kind === 'watching') watch.close();
    expect(watchDirectory(join(directory, 'none'), () => undefined)).toMatchObject({ kind: 'refused', limit: 'other' });
  });
});

describe('the system', () => {
  it('says what kind of file system a path is on, and how many files may be open', () => {
    expect(fileSystemType('/proc')).toBe(0x9fa0);
    expect(fileSystemType('/none')).toBeUndefined();
    expect(openFilesLimit()).toBeGreaterThan(16);
  });
});

describe('a file that is replaced durably', () => {
  it('is the new one, alone; when that fails, the old one', async () => {
    const directory = temporaryDirectory();
    const path = join(directory, 'a');
    await replaceDurably(path, Buffer.from('one'));
    await replaceDurably(path, Buffer.from('two'));
    expect(readFileSync(path, 'utf8')).toBe('two');
    mkdirSync(`${path}.tmp`);
    await expect(replaceDurably(path, Buffer.from('three'))).rejects.toThrow('EISDIR');
    expect(readFileSync(path, 'utf8')).toBe('two');
  });
});
