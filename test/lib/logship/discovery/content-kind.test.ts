import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { contentKindOf } from '../../../../src/lib/logship/discovery/content-kind.ts';
import { silentFileSystem } from '../../../../src/lib/logship/discovery/file-systems.ts';

describe('the first bytes of a file', () => {
  it.each<[what: string, head: Buffer, kind: string]>([
    ['nothing', Buffer.alloc(0), 'text'],
    ['lines', Buffer.from('a line\nand another\n'), 'text'],
    ['bytes that are no UTF-8', Buffer.from([0xff, 0x41, 0x0a]), 'text'],
    ['UTF-16 with its mark', Buffer.from('\ufeffa line\n', 'utf16le'), 'text'],
    ['a NUL within the first KiB', Buffer.from(`${'x'.repeat(1000)}\0`), 'binary'],
    ['a NUL after the first KiB', Buffer.from(`${'x'.repeat(1024)}\0`), 'text'],
    ['gzip', gzipSync('a line\n'), 'compressed'],
    ['zstd', zstdCompressSync('a line\n'), 'compressed'],
    ['xz', Buffer.from('fd377a585a0000', 'hex'), 'compressed'],
    ['the first byte of gzip alone', Buffer.from([0x1f]), 'text'],
  ])('%s: %s', (_what, head, kind) => {
    expect(contentKindOf(head)).toBe(kind);
  });
});

describe('file systems without events', () => {
  it.each([
    [0x6969, 'NFS'],
    [0x65735546, 'FUSE'],
    [0x794c7630, 'overlay'],
    [0xef53, undefined],
    [0x01021994, undefined],
  ])('%i is %s', (type, name) => expect(silentFileSystem(type)).toBe(name));
});
