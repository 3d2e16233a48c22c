import { describe, expect, it } from 'vitest';
import {
  continues,
  type FoundFile,
  identify,
  type Identity,
  type StoredPosition,
} from '../../../../src/lib/logship/tailer/identity.ts';

const stored: StoredPosition = {
  path: '/v/a.log',
  key: '5:77',
  bornUnixNs: '1000',
  offset: 5000,
  head: { lengthBytes: 1024, hash: 'h' },
};
const found: FoundFile = {
  path: '/v/a.log',
  key: '5:77',
  bornUnixNs: '1000',
  sizeBytes: 9000,
  headMatches: true,
  tailMatches: true,
};

describe('a file that is found is, held against what was stored,', () => {
  it.each<[what: string, Identity, Partial<FoundFile>, Partial<StoredPosition>?]>([
    ['untouched', 'same', {}],
    ['not grown', 'same', { sizeBytes: 5000 }],
    ['under another name', 'renamed', { path: '/v/a.log.1' }],
    ['empty', 'truncated', { sizeBytes: 0, headMatches: false, tailMatches: false }],
    ['shorter, with the same header', 'truncated', { sizeBytes: 2000, tailMatches: false }],
    ['shorter, with other bytes', 'truncated', { sizeBytes: 2000, headMatches: false, tailMatches: false }],
    ['longer than the offset, with other bytes', 'regrown', { headMatches: false, tailMatches: false }],
    ['longer than the offset, with the same header', 'regrown', { tailMatches: false }],
    ['as long as the offset, with the same header', 'regrown', { sizeBytes: 5000, tailMatches: false }],
    ['another file on the inode, elsewhere', 'reused', { path: '/v/b.log', headMatches: false, tailMatches: false }],
    [
      'a short one on the inode, elsewhere',
      'reused',
      { path: '/v/b.log', sizeBytes: 9, headMatches: false, tailMatches: false },
    ],
    [
      'another file on the inode, at the same place',
      'reused',
      { bornUnixNs: '2000', headMatches: false, tailMatches: false },
    ],
    ['another file on the inode with the same header', 'reused', { bornUnixNs: '2000', tailMatches: false }],
    ['on a file system without birth times', 'same', { bornUnixNs: '0' }],
    ['regrown there', 'regrown', { bornUnixNs: '0', tailMatches: false }],
    ['another inode at the same place', 'new', { key: '5:78', headMatches: false, tailMatches: false }],
    ['a copy at the same place', 'new', { key: '5:78' }],
    ['a copy elsewhere', 'new', { key: '5:78', path: '/v/b.log' }],
    ['on a device with another number', 'same', { key: '6:77' }],
    ['the same inode of another device', 'new', { key: '6:77', tailMatches: false }],
    ['the same inode of another device, elsewhere', 'new', { key: '6:77', path: '/w/a.log' }],
    ['empty then and now', 'same', { sizeBytes: 0 }, { offset: 0, head: { lengthBytes: 0, hash: '' } }],
    ['empty then and grown since', 'same', { sizeBytes: 50 }, { offset: 0, head: { lengthBytes: 0, hash: '' } }],
    ['small then and grown since', 'same', { sizeBytes: 500 }, { offset: 40, head: { lengthBytes: 40, hash: 'h' } }],
    ['an empty one of another device', 'new', { key: '6:77' }, { offset: 0, head: { lengthBytes: 0, hash: '' } }],
    [
      'read in part, and cut to less than its known head',
      'truncated',
      { sizeBytes: 500, headMatches: false },
      { offset: 100 },
    ],
  ])('%s: %s', (_what, identity, ofFound, ofStored) => {
    expect(identify({ ...stored, ...ofStored }, { ...found, ...ofFound })).toBe(identity);
  });

  it('read on only where it is the same', () => {
    const all: Identity[] = ['same', 'renamed', 'truncated', 'regrown', 'reused', 'new'];
    expect(all.filter(continues)).toEqual(['same', 'renamed']);
  });
});
