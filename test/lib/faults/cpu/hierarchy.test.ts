import { describe, expect, it } from 'vitest';
import { parseMountedGroup } from '../../../../src/lib/faults/cpu/control-groups.ts';
import {
  lookupCpuHierarchy,
  parseMembership,
  readBandwidth,
  readMembers,
  readThrottling,
  writeBandwidth,
} from '../../../../src/lib/faults/cpu/hierarchy.ts';
import { FakeControlGroups } from '../../../support/fake-control-groups.ts';

describe('lookupCpuHierarchy', () => {
  it.each<[string, 1 | 2, string]>([
    ['version 1 on its own mount', 1, 'cpu'],
    ['version 1 mounted together with accounting', 1, 'cpu,cpuacct'],
    ['version 2 at the root', 2, ''],
    ['version 2 beside version 1', 2, 'unified'],
  ])('finds %s', (_, version, mount) => {
    const directory = mount === '' ? '/cg' : `/cg/${mount}`;
    const groups = new FakeControlGroups(version, directory);
    expect(lookupCpuHierarchy('/cg', groups)).toEqual({ version, mount, directory });
  });

  it('does not take a version 2 without the CPU controller, which version 1 holds', () => {
    const groups = new FakeControlGroups(2, '/cg/unified');
    groups.directories.get('/cg/unified')!.set('cgroup.controllers', 'cpuset hugetlb memory\n');
    expect(lookupCpuHierarchy('/cg', groups)).toBeUndefined();
  });

  it('finds none where nothing is mounted', () => {
    expect(lookupCpuHierarchy('/other', new FakeControlGroups(2, '/cg'))).toBeUndefined();
  });
});

describe('parseMembership', () => {
  const HYBRID = '9:name=systemd:/init\n4:memory:/m\n2:cpuacct:/acct\n1:cpu:/docker/3f2a\n0::/unified\n';
  it.each<[string, string, 1 | 2, string, string | undefined]>([
    ['the CPU controller of version 1', HYBRID, 1, '/', '/docker/3f2a'],
    ['the one of version 2', HYBRID, 2, '/', '/unified'],
    ['controllers that are mounted together', '4:cpu,cpuacct:/a\n', 1, '/', '/a'],
    ['cpuset, which is another controller', '3:cpuset:/a\n', 1, '/', undefined],
    ['a colon in a name', '0::/a:b/c\n', 2, '/', '/a:b/c'],
    ['the root', '0::/\n', 2, '/', '/'],
    ['a mount of a part of the tree', '1:cpu:/docker/3f2a/x\n', 1, '/docker/3f2a', '/x'],
    ['the top of that part', '1:cpu:/docker/3f2a\n', 1, '/docker/3f2a', '/'],
    ['another container', '1:cpu:/docker/3f2ab\n', 1, '/docker/3f2a', undefined],
    ['a process outside of the namespace', '0::/../other\n', 2, '/', undefined],
    ['nothing', '', 2, '/', undefined],
  ])('reads %s', (_, text, version, mountedGroup, group) => {
    expect(parseMembership(text, version, mountedGroup)).toBe(group);
  });
});

describe('parseMountedGroup', () => {
  const INFO = [
    '29 25 0:26 / /sys/fs/cgroup ro,nosuid shared:9 - tmpfs tmpfs ro',
    '33 29 0:30 /docker/3f2a /sys/fs/cgroup/cpu rw,relatime shared:15 - cgroup cgroup rw,cpu',
    '34 29 0:31 /../.. /sys/fs/cgroup/other rw - cgroup cgroup rw',
    '35 29 0:32 /old /sys/fs/cgroup/twice rw - cgroup cgroup rw',
    '36 29 0:33 /new /sys/fs/cgroup/twice rw - cgroup cgroup rw',
  ].join('\n');
  it.each([
    ['/sys/fs/cgroup', '/'],
    ['/sys/fs/cgroup/cpu', '/docker/3f2a'],
    ['/sys/fs/cgroup/other', '/'],
    ['/sys/fs/cgroup/twice', '/new'],
    ['/not/mounted', '/'],
  ])('of %s is %s', (directory, group) => {
    expect(parseMountedGroup(INFO, directory)).toBe(group);
  });
});

describe('limits', () => {
  it.each<[string, 1 | 2, Record<string, string>, unknown]>([
    ['none', 1, { 'cpu.cfs_quota_us': '-1', 'cpu.cfs_period_us': '100000' }, { quotaUs: undefined, periodUs: 100_000 }],
    ['a quota', 1, { 'cpu.cfs_quota_us': '5000', 'cpu.cfs_period_us': '20000' }, { quotaUs: 5000, periodUs: 20_000 }],
    ['none', 2, { 'cpu.max': 'max 100000' }, { quotaUs: undefined, periodUs: 100_000 }],
    ['a quota', 2, { 'cpu.max': '5000 20000' }, { quotaUs: 5000, periodUs: 20_000 }],
    ['no such switch', 2, {}, undefined],
  ])('are read as %s in version %d', (_, version, files, limit) => {
    const groups = new FakeControlGroups(version, '/cg');
    groups.addGroup('/a', files);
    expect(readBandwidth(groups, version, '/cg/a')).toEqual(limit);
  });

  it('of version 1 are changed without a state in between that the group above forbids', () => {
    const groups = new FakeControlGroups(1, '/cg');
    groups.addGroup('/a', { 'cpu.cfs_quota_us': '50000', 'cpu.cfs_period_us': '100000' });
    groups.addGroup('/a/b', { 'cpu.cfs_quota_us': '40000', 'cpu.cfs_period_us': '100000' });
    // With the old quota of 40 ms, a period of 10 ms would be 400 % of a core: four times what /a allows.
    writeBandwidth(groups, 1, '/cg/a/b', { quotaUs: 2000, periodUs: 10_000 });
    expect(readBandwidth(groups, 1, '/cg/a/b')).toEqual({ quotaUs: 2000, periodUs: 10_000 });
  });
});

describe('readThrottling', () => {
  it.each([
    ['nr_periods 10\nnr_throttled 4\nthrottled_time 1500000000\n', 1500],
    ['usage_usec 9\nnr_periods 10\nnr_throttled 4\nthrottled_usec 1500000\n', 1500],
  ])('reads %j', (text, throttledMs) => {
    const groups = new FakeControlGroups(1, '/cg');
    groups.addGroup('/a', { 'cpu.stat': text });
    expect(readThrottling(groups, '/cg/a')).toEqual({ periods: 10, throttledPeriods: 4, throttledMs });
  });

  it('is nothing where there is nothing to read', () => {
    expect(readThrottling(new FakeControlGroups(2, '/cg'), '/cg')).toEqual({
      periods: 0,
      throttledPeriods: 0,
      throttledMs: 0,
    });
  });
});

describe('readMembers', () => {
  it('leaves out processes that this namespace cannot name', () => {
    const groups = new FakeControlGroups(2, '/cg');
    groups.addGroup('/a');
    groups.read = () => '12\n0\n0\n34\n';
    expect(readMembers(groups, '/cg/a')).toEqual([12, 34]);
  });
});
