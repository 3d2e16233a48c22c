import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Discovery } from '../../../../src/lib/logship/discovery/discover.ts';
import { parseSelection } from '../../../../src/lib/logship/discovery/glob.ts';
import { type Clock, realClock } from '../../../../src/lib/runtime/clock.ts';
import { FakeClock } from '../../../../src/lib/runtime/fake-clock.ts';
import { fileSystemType, lookupFacts } from '../../../../src/lib/runtime/file-handles.ts';
import { watchDirectory, type WatchDirectory } from '../../../../src/lib/runtime/file-watch.ts';
import { requires } from '../../../support/requires.ts';
import { temporaryDirectory } from '../../../support/temp.ts';
import { until } from '../../../support/until.ts';

interface Options {
  readonly include: string[];
  readonly exclude?: string[];
  readonly clock?: Clock;
  readonly watch?: WatchDirectory;
  readonly type?: number;
}

/** Takes a watch and never says anything: what a full queue of the kernel looks like from here. */
const blindWatch: WatchDirectory = () => ({ kind: 'watching', close: () => undefined });

function start({ include, exclude = [], clock = realClock, watch = watchDirectory, type }: Options) {
  const names: string[] = [];
  const changes: string[] = [];
  const warnings: string[] = [];
  const selection = parseSelection(include, exclude, {
    workingDirectory: '/',
    kindOf: (path) => {
      const kind = lookupFacts(path)?.kind;
      return kind === 'file' ? 'other' : kind;
    },
  });
  const discovery = new Discovery(selection, {
    clock,
    watch,
    fileSystemType: (path) => type ?? fileSystemType(path),
    warn: (message) => warnings.push(message),
    onName: (path) => names.push(path),
    onChange: (path) => changes.push(path),
  });
  discovery.start();
  onTestFinished(() => discovery.close());
  return { discovery, names, changes, warnings };
}

const WITHIN_MS = 1_000;

describe('discovery', () => {
  it('finds what is there, and hears of new files and of changes', async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'old.log'), '');
    writeFileSync(join(directory, 'old.txt'), '');
    const { names, changes } = start({ include: [`${directory}/*.log`] });
    expect(names).toEqual([join(directory, 'old.log')]);
    const beganMs = performance.now();
    writeFileSync(join(directory, 'new.log'), '');
    await until('the new file', () => names.includes(join(directory, 'new.log')), WITHIN_MS);
    expect(performance.now() - beganMs).toBeLessThan(100);
    appendFileSync(join(directory, 'old.log'), 'a\n');
    await until('the change', () => changes.includes(join(directory, 'old.log')), WITHIN_MS);
  });

  it('hears of files in new directories, however fast they follow', async () => {
    const directory = temporaryDirectory();
    const { names } = start({ include: [`${directory}/**/*.log`], exclude: ['skipped'] });
    for (let index = 0; index < 20; index++) {
      mkdirSync(join(directory, `${index}/a/b`), { recursive: true });
      mkdirSync(join(directory, `${index}/skipped`));
      writeFileSync(join(directory, `${index}/a/b/x.log`), '');
      writeFileSync(join(directory, `${index}/skipped/x.log`), '');
    }
    const beganMs = performance.now();
    await until('all files', () => new Set(names.filter((name) => name.endsWith('.log'))).size === 20, WITHIN_MS);
    expect(performance.now() - beganMs).toBeLessThan(100);
    expect(names.filter((name) => name.includes('skipped/'))).toEqual([]);
  });

  it('waits for directories that do not exist yet, and for those that come back', async () => {
    const root = join(temporaryDirectory(), 'a', 'b');
    const { names } = start({ include: [`${root}/*.log`] });
    for (const name of ['one.log', 'two.log']) {
      mkdirSync(root, { recursive: true });
      writeFileSync(join(root, name), '');
      await until(name, () => names.includes(join(root, name)), WITHIN_MS);
      rmSync(join(root, '..'), { recursive: true });
    }
  });

  it('follows a directory that is renamed', async () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'a'));
    const { names, discovery } = start({ include: [`${directory}/**/*.log`] });
    renameSync(join(directory, 'a'), join(directory, 'b'));
    await until(
      'the new name',
      () => discovery.isPolled(join(directory, 'b/x')) || names.length > 0 || discovery.directories === 3,
    );
    writeFileSync(join(directory, 'b', 'x.log'), '');
    await until('the file in it', () => names.includes(join(directory, 'b', 'x.log')), WITHIN_MS);
  });

  it('goes through links once, whichever way they lead', async () => {
    const directory = temporaryDirectory();
    const logs = join(directory, 'logs');
    const elsewhere = join(directory, 'elsewhere');
    for (const path of [logs, elsewhere]) mkdirSync(path);
    symlinkSync(logs, join(logs, 'loop'));
    symlinkSync(join(logs, 'nowhere'), join(logs, 'dead.log'));
    symlinkSync(join(logs, 'self.log'), join(logs, 'self.log'));
    writeFileSync(join(elsewhere, 'target'), '');
    symlinkSync(join(elsewhere, 'target'), join(logs, 'linked.log'));
    const { names, changes } = start({ include: [`${logs}/**/*.log`] });
    expect(names).toEqual([join(logs, 'linked.log')]);
    appendFileSync(join(elsewhere, 'target'), 'a\n');
    await until('the change behind the link', () => changes.includes(join(logs, 'linked.log')), WITHIN_MS);
  });

  it('has one inotify instance for all directories', async () => {
    const directory = temporaryDirectory();
    for (let index = 0; index < 50; index++) mkdirSync(join(directory, `${index}`));
    const { discovery } = start({ include: [`${directory}/**`] });
    expect(discovery.directories).toBeGreaterThan(50);
    expect(inotifyInstances()).toBe(1);
  });

  it('gives its watches back', async () => {
    const directory = temporaryDirectory();
    const { discovery, names } = start({ include: [`${directory}/**`] });
    discovery.close();
    expect(discovery.directories).toBe(0);
    writeFileSync(join(directory, 'a'), '');
    expect(names).toEqual([]);
  });
});

describe('discovery without events', () => {
  it('sees what its watches did not tell at the next look', async () => {
    const directory = temporaryDirectory();
    const clock = new FakeClock(0, Date.now());
    const { names } = start({ include: [`${directory}/**/*.log`], clock, watch: blindWatch });
    mkdirSync(join(directory, 'a'));
    writeFileSync(join(directory, 'a', 'x.log'), '');
    await clock.advance(1_999);
    expect(names).toEqual([]);
    await clock.advance(1);
    expect(names).toEqual([join(directory, 'a', 'x.log')]);
  });

  it('does not list again what has not changed', async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'x.log'), '');
    // An hour later, so that the times of change are old.
    const clock = new FakeClock(0, Date.now() + 3_600_000);
    const { names } = start({ include: [`${directory}/*.log`], clock, watch: blindWatch });
    await clock.advance(60_000);
    expect(names).toEqual([join(directory, 'x.log')]);
  });

  it.each([
    [0x6969, 'NFS'],
    [0x65735546, 'FUSE'],
    [0x794c7630, 'overlay'],
  ])('polls file systems of type %i by itself, and says so once', async (type, name) => {
    const directory = temporaryDirectory();
    for (const child of ['a', 'b']) mkdirSync(join(directory, child));
    const clock = new FakeClock(0, Date.now());
    const { names, warnings, discovery } = start({
      include: [`${directory}/**/*.log`],
      clock,
      watch: blindWatch,
      type,
    });
    expect(warnings).toEqual([expect.stringContaining(`is on ${name}`)]);
    expect(discovery.isPolled(join(directory, 'a', 'x.log'))).toBe(true);
    writeFileSync(join(directory, 'a', 'x.log'), '');
    await clock.advance(500);
    expect(names).toEqual([join(directory, 'a', 'x.log')]);
  });

  it.each([
    ['watches', 'sysctl fs.inotify.max_user_watches'],
    ['instances', 'sysctl fs.inotify.max_user_instances'],
  ] as const)('polls when there are no %s left, names the remedy once, and tries again', async (limit, remedy) => {
    const directory = temporaryDirectory();
    for (const child of ['a', 'b']) mkdirSync(join(directory, child));
    const clock = new FakeClock(0, Date.now());
    let isRaised = false;
    const watch: WatchDirectory = () =>
      isRaised ? { kind: 'watching', close: () => undefined } : { kind: 'refused', limit, message: 'no' };
    const { names, warnings, discovery } = start({ include: [`${directory}/**/*.log`], clock, watch });
    expect(warnings).toEqual([expect.stringContaining(remedy)]);
    writeFileSync(join(directory, 'a', 'x.log'), '');
    await clock.advance(500);
    expect(names).toEqual([join(directory, 'a', 'x.log')]);
    isRaised = true;
    await clock.advance(10_000);
    expect(discovery.polledDirectories).toBe(0);
  });
});

/** Limits of a user namespace of its own, so that those of the machine stay as they are. */
requires('root').describe('the real limits of inotify', () => {
  const WATCH = `
    import { watchDirectory } from ${JSON.stringify(join(import.meta.dirname, '../../../../src/lib/runtime/file-watch.ts'))};
    console.log(['/', '/usr', '/etc'].map((path) => watchDirectory(path, () => {})).map(({ kind, limit }) => limit ?? kind).join(' '));
    process.exit(0);`;

  it.each([
    ['max_inotify_watches', '2', 'watching watching watches'],
    ['max_inotify_instances', '0', 'instances instances instances'],
  ])('%s is told apart', (name, value, told) => {
    const script = `echo ${value} > /proc/sys/user/${name} && exec "$0" --input-type=module -e "$1"`;
    const { stdout, stderr } = spawnSync('unshare', ['-Ur', 'sh', '-c', script, process.execPath, WATCH], {
      encoding: 'utf8',
    });
    expect(stdout.trim(), stderr).toBe(told);
  });
});

function inotifyInstances(): number {
  return readdirSync('/proc/self/fd').filter((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`) === 'anon_inode:inotify';
    } catch {
      return false;
    }
  }).length;
}
