import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  copyFileSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../../support/temp.ts';
import { until } from '../../support/until.ts';
import { numbered, numbers, type Rig, startRig } from './fake-pump.ts';

/** What happens to real log files; each begins with the number of the failure of other shippers that it guards against. */

/** Waits until so many lines have arrived. */
const arrived = (rig: Rig, lines: number): Promise<unknown> =>
  until(`${lines} lines`, () => rig.lines.length >= lines || rig.errors.length > 0);

/** A directory of logs and one for state. */
function place(): { directory: string; path: string; stateDirectory: string } {
  const root = temporaryDirectory();
  const directory = join(root, 'logs');
  mkdirSync(directory);
  return { directory, path: join(directory, 'app.log'), stateDirectory: join(root, 'state') };
}

/** What a process that is killed leaves: its state as it is on the disk at this moment. */
function asAfterKill(stateDirectory: string): string {
  const copy = `${stateDirectory}-${readdirSync(join(stateDirectory, '..')).length}`;
  cpSync(stateDirectory, copy, { recursive: true });
  rmSync(join(copy, 'lock'));
  return copy;
}

describe('rotation by rename', () => {
  it('1: a rotated file with unread bytes is read to its end, before the new one', async () => {
    const { directory, path } = place();
    writeFileSync(path, '');
    const rig = startRig(directory);
    await until('the file', () => rig.follower.counters().files === 1);
    rig.follower.pause();
    appendFileSync(path, numbered(1, 60_000));
    renameSync(path, `${path}.1`);
    writeFileSync(path, numbered(60_001, 70_000));
    await until('the unread bytes of the rotated one', () => rig.follower.counters().rotatedUnreadBytes > 600_000);
    rig.follower.resume();
    await arrived(rig, 70_000);
    expect(rig.texts(path)).toEqual(numbers(1, 70_000));
    expect(rig.follower.counters()).toMatchObject({ lagBytes: 0, rotatedUnreadBytes: 0 });
  });

  it('follows those that still write to the renamed file, also inside of what is asked for', async () => {
    const { directory, path } = place();
    writeFileSync(path, numbered(1, 3));
    const rig = startRig(directory, { include: [`${path}*`] });
    await arrived(rig, 3);
    renameSync(path, `${path}.1`);
    appendFileSync(`${path}.1`, numbered(4, 6));
    await arrived(rig, 6);
    writeFileSync(path, numbered(7, 9));
    await arrived(rig, 9);
    expect(rig.texts(path)).toEqual(numbers(1, 9));
    expect(rig.follower.counters().files).toBe(2);
  });

  it('7: many generations while the sink lags come oldest first', async () => {
    const { directory, path } = place();
    writeFileSync(path, '');
    const rig = startRig(directory);
    await until('the file', () => rig.follower.counters().files === 1);
    rig.follower.pause();
    for (let generation = 0; generation < 5; generation++) {
      appendFileSync(path, numbered(generation * 1000 + 1, generation * 1000 + 1000));
      await until('the growth', () => rig.follower.counters().lagBytes > generation * 8_000);
      for (let older = generation; older > 0; older--) renameSync(`${path}.${older}`, `${path}.${older + 1}`);
      renameSync(path, `${path}.1`);
      writeFileSync(path, '');
      await until('the new one', () => rig.follower.counters().files === generation + 2);
    }
    rig.follower.resume();
    await arrived(rig, 5000);
    expect(rig.texts(path)).toEqual(numbers(1, 5000));
  });

  it('15: a line that is cut by it is one line', async () => {
    const { directory, path } = place();
    writeFileSync(path, 'seq=1;\nseq=');
    const rig = startRig(directory, { partialTimeoutMs: 5_000 });
    await arrived(rig, 1);
    renameSync(path, `${path}.1`);
    appendFileSync(`${path}.1`, '2;\n');
    writeFileSync(path, 'seq=3;\n');
    await arrived(rig, 3);
    expect(rig.texts().sort()).toEqual(numbers(1, 3));
  });

  it('10: deletion with the file still open loses nothing that is written to it', async () => {
    const { directory, path } = place();
    writeFileSync(path, numbered(1, 3));
    const rig = startRig(directory);
    await arrived(rig, 3);
    // Another name outside of the directory, through which the writer goes on.
    const writer = join(directory, '..', 'writer');
    linkSync(path, writer);
    rmSync(path);
    appendFileSync(writer, numbered(4, 6));
    await arrived(rig, 6);
    expect(rig.texts(path)).toEqual(numbers(1, 6));
  });
});

describe('rotation by copy and truncation', () => {
  it('5a: of a copy outside of what is asked for, what was not read before the truncation is read there', async () => {
    const { directory, path } = place();
    writeFileSync(path, numbered(1, 100));
    const rig = startRig(directory);
    await arrived(rig, 100);
    for (let round = 1; round <= 4; round++) {
      // No chance to read between the last lines and the truncation.
      appendFileSync(path, numbered(round * 1000 + 1, round * 1000 + 100));
      copyFileSync(path, `${path}.1`);
      truncateSync(path);
      appendFileSync(path, numbered(round * 1000 + 101, round * 1000 + 200));
      await arrived(rig, 100 + round * 200);
    }
    const wanted = [0, 1, 2, 3, 4].flatMap((round) =>
      numbers(round * 1000 + 1, round * 1000 + (round === 0 ? 100 : 200)),
    );
    expect(rig.texts(path)).toEqual(wanted);
    expect(rig.follower.counters().dropped.truncated.bytes).toBe(0);
  });

  it('5b: a copy inside of what is asked for is no second file', async () => {
    const { directory, path } = place();
    writeFileSync(path, numbered(1, 100));
    const rig = startRig(directory, { include: [`${path}*`] });
    await arrived(rig, 100);
    for (let round = 1; round <= 3; round++) {
      appendFileSync(path, numbered(round * 1000 + 1, round * 1000 + 100));
      copyFileSync(path, `${path}.${round}`);
      // Time enough to find the copy before the truncation.
      await until('the copy', () => rig.follower.counters().files === round + 1);
      truncateSync(path);
      appendFileSync(path, numbered(round * 1000 + 101, round * 1000 + 200));
      await arrived(rig, 100 + round * 200);
    }
    expect(rig.lines.length).toBe(700);
    expect(rig.texts()).toEqual(
      [0, 1, 2, 3].flatMap((round) => numbers(round * 1000 + 1, round * 1000 + (round === 0 ? 100 : 200))),
    );
  });

  it('5b: nor is one that is written over an earlier copy', async () => {
    const { directory, path } = place();
    writeFileSync(path, numbered(1, 100));
    const rig = startRig(directory, { include: [`${path}*`] });
    await arrived(rig, 100);
    for (let round = 1; round <= 3; round++) {
      appendFileSync(path, numbered(round * 1000 + 1, round * 1000 + 100));
      copyFileSync(path, `${path}.1`);
      truncateSync(path);
      appendFileSync(path, numbered(round * 1000 + 101, round * 1000 + 200));
      await arrived(rig, 100 + round * 200);
    }
    expect(rig.texts()).toEqual(
      [0, 1, 2, 3].flatMap((round) => numbers(round * 1000 + 1, round * 1000 + (round === 0 ? 100 : 200))),
    );
  });

  it('5b: a copy that nobody truncates the original of is a file of its own, after a while', async () => {
    const { directory, path } = place();
    writeFileSync(path, numbered(1, 10));
    const rig = startRig(directory, { include: [`${path}*`] });
    await arrived(rig, 10);
    copyFileSync(path, `${path}.1`);
    await arrived(rig, 20);
    expect(rig.texts(`${path}.1`)).toEqual(numbers(1, 10));
  });

  it('5c: what is truncated and has grown past the position while nobody looked is read from its beginning', async () => {
    const { directory, path, stateDirectory } = place();
    const header = `${'#'.repeat(2000)}\n`;
    writeFileSync(path, header + numbered(1, 100));
    const first = startRig(directory, { stateDirectory });
    await arrived(first, 101);
    await first.close();
    writeFileSync(path, header + numbered(1001, 1200));
    const second = startRig(directory, { stateDirectory });
    await arrived(second, 201);
    expect(second.texts().slice(1)).toEqual(numbers(1001, 1200));
    expect(second.lines[1]?.id).not.toBe(first.lines[1]?.id);
    expect(second.notes.map(({ message }) => message).join()).toContain('truncated and has grown');
  });

  it('5c: the same while it is followed, between two looks', async () => {
    const { directory, path } = place();
    writeFileSync(path, numbered(1, 100));
    const rig = startRig(directory);
    await arrived(rig, 100);
    writeFileSync(path, numbered(1001, 1200));
    await arrived(rig, 300);
    writeFileSync(path, numbered(2001, 2200));
    await arrived(rig, 500);
    expect(rig.texts()).toEqual([...numbers(1, 100), ...numbers(1001, 1200), ...numbers(2001, 2200)]);
  });

  it('5c: while stopped, with a copy: the rest is read in the copy', async () => {
    const { directory, path, stateDirectory } = place();
    writeFileSync(path, numbered(1, 100));
    const first = startRig(directory, { stateDirectory });
    await arrived(first, 100);
    await first.close();
    appendFileSync(path, numbered(101, 200));
    copyFileSync(path, `${path}.1`);
    writeFileSync(path, numbered(201, 300));
    const second = startRig(directory, { stateDirectory });
    await arrived(second, 200);
    expect(second.texts().sort()).toEqual(numbers(101, 300));
  });
});

describe('which file is which', () => {
  it('3: another file on the inode of a deleted one is read from its beginning', async () => {
    const { directory, stateDirectory } = place();
    const [old, other] = [join(directory, 'a.log'), join(directory, 'b.log')];
    writeFileSync(old, numbered(1, 100));
    const first = startRig(directory, { stateDirectory });
    await arrived(first, 100);
    await first.close();
    const { ino } = statSync(old);
    // The inode itself, whether or not the file system would give it out again at once.
    writeFileSync(old, numbered(1001, 1300));
    renameSync(old, other);
    expect(statSync(other).ino).toBe(ino);
    const second = startRig(directory, { stateDirectory });
    await arrived(second, 300);
    expect(second.texts(other)).toEqual(numbers(1001, 1300));
    expect(second.notes.map(({ message }) => message).join()).toContain('same inode, other content');
  });

  it('4: equal headers, small files, empty ones and identical ones are all files of their own', async () => {
    const { directory } = place();
    const header = `${'#'.repeat(4096)}\n`;
    for (let index = 0; index < 50; index++)
      writeFileSync(join(directory, `header-${index}.log`), header + `line of ${index}\n`);
    for (let index = 0; index < 20; index++)
      writeFileSync(join(directory, `small-${index}.log`), `${index} `.padEnd(39, '.') + '\n');
    for (let index = 0; index < 5; index++) writeFileSync(join(directory, `empty-${index}.log`), '');
    for (const name of ['one', 'two']) writeFileSync(join(directory, `${name}.log`), numbered(1, 10));
    const beganMs = performance.now();
    const rig = startRig(directory);
    await arrived(rig, 140);
    expect(performance.now() - beganMs).toBeLessThan(1_000);
    expect(rig.lines.length).toBe(50 * 2 + 20 + 2 * 10);
    expect(new Set(rig.lines.map(({ id }) => id)).size).toBe(72);
    for (const name of ['one', 'two']) expect(rig.texts(join(directory, `${name}.log`))).toEqual(numbers(1, 10));
  });
});

describe('restarts', () => {
  it('6: with SIGTERM, between rotations inside of what is asked for, everything comes once', async () => {
    const { directory, path, stateDirectory } = place();
    const all: string[] = [];
    for (let start = 0; start < 12; start++) {
      appendFileSync(path, numbered(start * 100 + 1, start * 100 + 100));
      const rig = startRig(directory, { stateDirectory, include: [`${path}*`] });
      await arrived(rig, 100);
      await rig.close();
      all.push(...rig.texts());
      if (start % 3 !== 2) continue;
      for (let older = 3; older > 0; older--)
        if (existsSync(`${path}.${older}`)) renameSync(`${path}.${older}`, `${path}.${older + 1}`);
      renameSync(path, `${path}.1`);
    }
    expect(all).toEqual(numbers(1, 1200));
  });

  it('6, 8: with SIGKILL nothing is lost, and what comes twice has the same identity', async () => {
    const { directory, path, stateDirectory } = place();
    const seen = new Map<string, string>();
    let state = stateDirectory;
    for (let start = 0; start < 8; start++) {
      appendFileSync(path, numbered(start * 500 + 1, start * 500 + 500));
      const rig = startRig(directory, { stateDirectory: state, include: [`${path}*`], acks: false });
      await until('the last line', () => rig.texts().includes(`seq=${start * 500 + 500};`));
      // The sink has taken all but some, in any order.
      rig.inFlight
        .reverse()
        .slice(start % 3)
        .forEach((ack) => ack());
      if (start % 2 === 0) await rig.follower.save();
      state = asAfterKill(state);
      for (const { id, offset, text } of rig.lines) {
        expect(seen.get(text) ?? `${id}-${offset}`).toBe(`${id}-${offset}`);
        seen.set(text, `${id}-${offset}`);
      }
      await rig.close();
      if (start % 3 === 2) renameSync(path, `${path}.${start}`);
    }
    expect([...seen.keys()].sort()).toEqual(numbers(1, 4000).sort());
  });

  it('7: after three rotations while stopped, everything comes once, oldest first', async () => {
    const { directory, path, stateDirectory } = place();
    writeFileSync(path, numbered(1, 100));
    const first = startRig(directory, { stateDirectory, include: [`${path}*`] });
    await arrived(first, 100);
    await first.close();
    for (let generation = 1; generation <= 3; generation++) {
      appendFileSync(path, numbered(generation * 1000 + 1, generation * 1000 + 1000));
      for (let older = 3; older > 0; older--)
        if (existsSync(`${path}.${older}`)) renameSync(`${path}.${older}`, `${path}.${older + 1}`);
      renameSync(path, `${path}.1`);
    }
    writeFileSync(path, numbered(4001, 4010));
    const second = startRig(directory, { stateDirectory, include: [`${path}*`] });
    await arrived(second, 3010);
    expect(second.texts()).toEqual(numbers(1001, 4010));
  });

  it('7: the file that was being read is found under a name that is not asked for, and its gzipped copy is left alone', async () => {
    const { directory, path, stateDirectory } = place();
    writeFileSync(path, numbered(1, 100));
    const first = startRig(directory, { stateDirectory });
    await arrived(first, 100);
    await first.close();
    appendFileSync(path, numbered(101, 200));
    renameSync(path, `${path}.1`);
    writeFileSync(`${path}.2.gz`, gzipSync(readFileSync(`${path}.1`)));
    writeFileSync(path, numbered(201, 300));
    const second = startRig(directory, { stateDirectory });
    await arrived(second, 200);
    expect(second.texts()).toEqual(numbers(101, 300));
  });

  it('8: what is stored is never ahead of what is acknowledged', async () => {
    const { directory, path, stateDirectory } = place();
    writeFileSync(path, numbered(1, 5000));
    const rig = startRig(directory, { stateDirectory, acks: false });
    await arrived(rig, 5000);
    await rig.follower.save();
    const stored = (): number => {
      const text = ['checkpoint-a', 'checkpoint-b']
        .map((name) => join(stateDirectory, name))
        .filter(existsSync)
        .map((file) => readFileSync(file, 'utf8'));
      return Math.max(
        ...text.flatMap((one) => [...one.matchAll(/"offset":(\d+)/g)].map(([, offset]) => Number(offset))),
      );
    };
    expect(stored()).toBe(0);
    rig.inFlight[1]?.();
    await rig.follower.save();
    expect(stored()).toBe(0);
    rig.inFlight[0]?.();
    await rig.follower.save();
    expect(stored()).toBeGreaterThan(20_000);
    expect(stored()).toBeLessThan(40_000);
  });

  it('14: with all of its state damaged, everything is read again, and that is told', async () => {
    const { directory, path, stateDirectory } = place();
    writeFileSync(path, numbered(1, 100));
    const first = startRig(directory, { stateDirectory, startAt: 'end' });
    await until('the file', () => first.follower.counters().files === 1);
    await first.close();
    for (const name of readdirSync(stateDirectory)) truncateSync(join(stateDirectory, name));
    const second = startRig(directory, { stateDirectory, startAt: 'end' });
    await arrived(second, 100);
    expect(second.texts()).toEqual(numbers(1, 100));
    expect(second.notes.filter(({ level }) => level === 'warning').length).toBeGreaterThanOrEqual(2);
  });

  it('go on where the lines were, whatever is written meanwhile', async () => {
    const { directory, path, stateDirectory } = place();
    writeFileSync(path, 'a\n');
    for (const [added, wanted] of [
      ['', ['a']],
      ['b\nc\n', ['b', 'c']],
      ['', []],
      ['d\n', ['d']],
    ] as const) {
      appendFileSync(path, added);
      const rig = startRig(directory, { stateDirectory });
      await arrived(rig, wanted.length);
      await rig.close();
      expect(rig.texts()).toEqual(wanted);
    }
  });
});

describe('a second follower on the same state', () => {
  it('is refused', () => {
    const { directory, stateDirectory } = place();
    startRig(directory, { stateDirectory });
    expect(() => startRig(directory, { stateDirectory })).toThrow('follows files with the state directory');
  });
});

describe('a process that writes as fast as it can, and rotates by rename, copy and deletion as it likes', () => {
  const DURATION_MS = process.env.FAULTLINE_SOAK ? 20_000 : 1_200;

  it.each(['app.log', 'app.log*'])(
    'loses no line of %s, and none comes twice or out of order',
    { timeout: 60_000 },
    async (pattern) => {
      const { directory, path } = place();
      writeFileSync(path, '');
      const rig = startRig(directory, { include: [join(directory, pattern)] });
      const seed = Math.floor(performance.timeOrigin % 100_000);
      const writer = spawn(process.execPath, [
        join(import.meta.dirname, 'writer.ts'),
        path,
        String(seed),
        String(DURATION_MS),
      ]);
      let told = '';
      writer.stdout.setEncoding('utf8').on('data', (text: string) => (told += text));
      await once(writer, 'close');
      await arrived(rig, Number(told));
      const firstWrong = rig.texts().findIndex((text, index) => text !== `seq=${index + 1};`);
      expect({ seed, firstWrong, lines: rig.lines.length }).toEqual({ seed, firstWrong: -1, lines: Number(told) });
    },
  );
});
