import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../src/lib/runtime/fake-clock.ts';
import type { WatchDirectory } from '../../../src/lib/runtime/file-watch.ts';
import { temporaryDirectory } from '../../support/temp.ts';
import { until } from '../../support/until.ts';
import { numbered, numbers, startRig } from './fake-pump.ts';

const blindWatch: WatchDirectory = () => ({ kind: 'watching', close: () => undefined });

describe('following', () => {
  it('gives every line of what is there and of what comes, soon', async () => {
    const directory = temporaryDirectory();
    const path = join(directory, 'a.log');
    writeFileSync(path, numbered(1, 5000));
    const rig = startRig(directory);
    await until('what is there', () => rig.lines.length === 5000);
    const beganMs = performance.now();
    appendFileSync(path, numbered(5001, 5001));
    await until('the next', () => rig.lines.length === 5001);
    expect(performance.now() - beganMs).toBeLessThan(100);
    const newMs = performance.now();
    writeFileSync(join(directory, 'b.log'), numbered(1, 1));
    await until('the new file', () => rig.texts(join(directory, 'b.log')).length === 1);
    expect(performance.now() - newMs).toBeLessThan(100);
    expect(rig.texts(path)).toEqual(numbers(1, 5001));
  });

  it('takes turns, however long a file is', async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'a.log'), numbered(1, 50_000));
    writeFileSync(join(directory, 'b.log'), numbered(1, 10));
    const rig = startRig(directory);
    rig.pump();
    const firstOfB = rig.lines.findIndex(({ source }) => source.endsWith('b.log'));
    expect(firstOfB).toBeLessThan(5_000);
    expect(rig.lines.length).toBe(50_010);
  });

  it('begins at the end where that is asked for, but with new files at their beginning', async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'a.log'), numbered(1, 10));
    const rig = startRig(directory, { startAt: 'end' });
    appendFileSync(join(directory, 'a.log'), numbered(11, 12));
    writeFileSync(join(directory, 'b.log'), numbered(1, 2));
    await until('four lines', () => rig.lines.length === 4);
    expect(rig.texts().sort()).toEqual([...numbers(1, 2), ...numbers(11, 12)].sort());
  });

  it('reads nothing while paused, says how far behind it is, and goes on where it was', async () => {
    const directory = temporaryDirectory();
    const path = join(directory, 'a.log');
    writeFileSync(path, numbered(1, 10));
    const rig = startRig(directory);
    await until('ten', () => rig.lines.length === 10);
    rig.follower.pause();
    appendFileSync(path, numbered(11, 1000));
    await until('the lag', () => rig.follower.counters().lagBytes > 5_000);
    rig.pump();
    expect(rig.lines.length).toBe(10);
    rig.follower.resume();
    await until('the rest', () => rig.lines.length === 1000);
    expect(rig.texts(path)).toEqual(numbers(1, 1000));
    expect(rig.follower.counters()).toMatchObject({ lagBytes: 0, unackedBytes: 0, files: 1, openFiles: 1 });
  });

  it('leaves binary and compressed files, links that were followed already, and what it writes itself', async () => {
    const directory = temporaryDirectory();
    const state = join(directory, 'state.log');
    writeFileSync(join(directory, 'a.log'), numbered(1, 3));
    symlinkSync(join(directory, 'a.log'), join(directory, 'link.log'));
    writeFileSync(join(directory, 'bin.log'), Buffer.from([1, 0, 2, 10]));
    writeFileSync(join(directory, 'late.log'), '');
    writeFileSync(join(directory, 'a.log.gz'), gzipSync('x\n'));
    writeFileSync(join(directory, 'own.log'), 'mine\n');
    const rig = startRig(directory, {
      include: [`${directory}/**`],
      stateDirectory: state,
      ownPaths: [join(directory, 'own.log')],
    });
    writeFileSync(join(directory, 'late.log'), Buffer.from([1, 0, 2, 10]));
    await until('the late one', () => rig.follower.counters().skippedFiles.binary === 2);
    await rig.follower.save();
    expect(rig.texts()).toEqual(numbers(1, 3));
    expect(rig.follower.counters().skippedFiles).toEqual({ binary: 2, compressed: 1, own: 0 });
    expect(rig.notes.filter(({ message }) => message.includes('not followed'))).toHaveLength(2);
  });

  it('does without events: a sweep finds what has grown, and renamed and new files', async () => {
    const directory = temporaryDirectory();
    const path = join(directory, 'a.log');
    const clock = new FakeClock(0, Date.now());
    writeFileSync(path, numbered(1, 3));
    const rig = startRig(directory, { clock, watch: blindWatch });
    await clock.advance(0);
    appendFileSync(path, numbered(4, 6));
    renameSync(path, join(directory, 'a.log.1'));
    writeFileSync(path, numbered(7, 9));
    await clock.advance(2_000);
    await until('all', () => rig.lines.length === 9);
    expect(rig.texts()).toEqual(numbers(1, 9));
  });

  it('polls twice a second where there are no events', async () => {
    const directory = temporaryDirectory();
    const clock = new FakeClock(0, Date.now());
    writeFileSync(join(directory, 'a.log'), numbered(1, 1));
    const rig = startRig(directory, { clock, watch: blindWatch, fileSystemType: () => 0x65735546 });
    await clock.advance(0);
    appendFileSync(join(directory, 'a.log'), numbered(2, 2));
    writeFileSync(join(directory, 'b.log'), numbered(3, 3));
    await clock.advance(500);
    await until('all', () => rig.lines.length === 3);
    expect(rig.notes).toEqual([{ level: 'warning', message: expect.stringContaining('FUSE') as string }]);
  });

  it('is right after the queue of the kernel has overflowed', async () => {
    const directory = temporaryDirectory();
    const paths = Array.from({ length: 40 }, (_, index) => join(directory, `${index}.log`));
    for (const path of paths) writeFileSync(path, '');
    const rig = startRig(directory);
    await until('all files', () => rig.follower.counters().files === 40);
    // More events than the kernel keeps (fs.inotify.max_queued_events, 16,384), and nobody to take them.
    for (let round = 0; round < 500; round++) for (const path of paths) appendFileSync(path, `${round}\n`);
    for (const path of paths.slice(0, 10)) {
      renameSync(path, `${path}.1`);
      writeFileSync(path, numbered(1, 10));
    }
    await until('every line', () => rig.lines.length === 40 * 500 + 10 * 10, 5_000);
    for (const path of paths.slice(10))
      expect(rig.texts(path)).toEqual(Array.from({ length: 500 }, (_, round) => `${round}`));
  });

  it('does with few open files', async () => {
    const directory = temporaryDirectory();
    const paths = Array.from({ length: 60 }, (_, index) => join(directory, `${index}.log`));
    for (const path of paths) writeFileSync(path, numbered(1, 3));
    const rig = startRig(directory, { openFilesLimit: 16 });
    await until('what is there', () => rig.lines.length === 180);
    for (const path of paths) appendFileSync(path, numbered(4, 6));
    await until('what comes', () => rig.lines.length === 360);
    expect(rig.follower.counters().openFiles).toBeLessThanOrEqual(16);
    for (const path of paths) expect(rig.texts(path)).toEqual(numbers(1, 6));
    renameSync(paths[0]!, `${paths[0]}.1`);
    appendFileSync(`${paths[0]}.1`, numbered(7, 9));
    await until('a renamed one', () => rig.texts(paths[0]).length === 9);
  });
});

describe('lines that are not complete', () => {
  it('are held back, and flushed when their rest does not come', async () => {
    const directory = temporaryDirectory();
    const path = join(directory, 'a.log');
    writeFileSync(path, 'whole\nseq=10');
    const rig = startRig(directory, { partialTimeoutMs: 300 });
    await until('the whole one', () => rig.lines.length === 1);
    appendFileSync(path, '1;');
    appendFileSync(path, '\n');
    await until('its rest', () => rig.lines.length === 2);
    appendFileSync(path, 'never ');
    await until('the flush', () => rig.lines.length === 3);
    appendFileSync(path, 'mind\n');
    await until('what came too late', () => rig.lines.length === 4);
    expect(rig.texts()).toEqual(['whole', 'seq=101;', 'never ', 'mind']);
  });

  it('are left where they are on shutdown', async () => {
    const directory = temporaryDirectory();
    const state = join(directory, 'state');
    const path = join(directory, 'a.log');
    writeFileSync(path, 'seq=9;\nseq=10');
    const first = startRig(directory, { stateDirectory: state });
    await until('the whole one', () => first.lines.length === 1);
    await first.close();
    appendFileSync(path, '1;\n');
    const second = startRig(directory, { stateDirectory: state });
    await until('the other', () => second.lines.length === 1);
    expect([...first.texts(), ...second.texts()]).toEqual(['seq=9;', 'seq=101;']);
  });

  it('may end in NULs that are bytes still to come', async () => {
    const directory = temporaryDirectory();
    const path = join(directory, 'a.log');
    writeFileSync(path, `${'x'.repeat(1500)}\nab\0\0\0\0`);
    const rig = startRig(directory, { partialTimeoutMs: 60_000 });
    await until('the first', () => rig.lines.length === 1);
    truncateSync(path, 1503);
    appendFileSync(path, 'cdef\n');
    await until('the second', () => rig.lines.length === 2);
    expect(rig.texts()[1]).toBe('abcdef');
  });
});

describe('a deleted file', () => {
  it('is let go soon after it has been delivered', async () => {
    const directory = temporaryDirectory();
    const path = join(directory, 'a.log');
    writeFileSync(path, numbered(1, 100));
    const rig = startRig(directory, { acks: false });
    await until('all', () => rig.lines.length === 100);
    const idleSinceMs = performance.now();
    await until('it has been idle for more than a tick', () => performance.now() - idleSinceMs > 600);
    rmSync(path);
    await until('it is seen', () => rig.follower.counters().deletedHeldBytes > 0);
    for (const ack of rig.inFlight) ack();
    await until('it is closed', () => rig.follower.counters().files === 0, 5_000);
    expect(rig.follower.counters().openFiles).toBe(0);
  });

  it('is given up, the oldest first, where they hold more than the limit; the loss is counted', async () => {
    const directory = temporaryDirectory();
    const rig = startRig(directory, { deletedLimitBytes: 20_000 });
    await until('the start', () => rig.follower.counters().directories > 0);
    rig.follower.pause();
    const sizes: number[] = [];
    for (let round = 0; round < 5; round++) {
      const text = numbered(round * 1000 + 1, round * 1000 + 700);
      sizes.push(text.length);
      writeFileSync(join(directory, `${round}.log`), text);
      await until('it is found', () => rig.follower.counters().files === round + 1);
    }
    for (let round = 0; round < 5; round++) rmSync(join(directory, `${round}.log`));
    await until('the limit', () => rig.follower.counters().dropped.deleted_limit.lines > 0);
    const { dropped, deletedHeldBytes } = rig.follower.counters();
    expect(deletedHeldBytes).toBeLessThanOrEqual(20_000);
    rig.follower.resume();
    await until('the rest', () => rig.lines.length + dropped.deleted_limit.lines === 3500);
    expect(dropped.deleted_limit.bytes).toBe(sizes.slice(0, 3).reduce((sum, size) => sum + size, 0));
    expect(rig.texts()).toEqual([...numbers(3001, 3700), ...numbers(4001, 4700)]);
    expect(rig.notes.filter(({ level }) => level === 'warning')).toHaveLength(1);
  });
});

describe('what cannot be followed', () => {
  it('does not hinder the rest: directories of that name, and files that vanish at once', async () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'dir.log'));
    const rig = startRig(directory);
    for (let index = 0; index < 50; index++) {
      writeFileSync(join(directory, `${index}.log`), 'x\n');
      rmSync(join(directory, `${index}.log`));
    }
    writeFileSync(join(directory, 'stays.log'), 'y\n');
    await until('the one that stays', () => rig.texts().includes('y'));
  });
});
