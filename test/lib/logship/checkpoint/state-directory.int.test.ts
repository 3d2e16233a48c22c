import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { formatCheckpoint, parseCheckpoint } from '../../../../src/lib/logship/checkpoint/checkpoint-format.ts';
import { type CheckpointEntry, formatEntry } from '../../../../src/lib/logship/checkpoint/entry.ts';
import { openStateDirectory, type StateDirectory } from '../../../../src/lib/logship/checkpoint/state-directory.ts';
import { requires } from '../../../support/requires.ts';
import { temporaryDirectory } from '../../../support/temp.ts';

const entryAt = (offset: number): CheckpointEntry => ({
  id: '0123456789abcdef',
  path: '/v/a.log',
  source: '/v/a.log',
  key: '5:77',
  bornUnixNs: '0',
  generation: 0,
  offset,
  head: { lengthBytes: 4, hash: 'aa' },
  tail: { lengthBytes: 4, hash: 'bb' },
});
const linesAt = (offset: number): string[] => [formatEntry(entryAt(offset))];

/** Opens it, and lets it go when the test is over. */
function open(path: string): { state: StateDirectory; warnings: string[]; offset: number | undefined } {
  const warnings: string[] = [];
  const state = openStateDirectory(path, (message) => warnings.push(message));
  onTestFinished(() => state.release());
  const offset = 'entries' in state.found ? state.found.entries[0]?.offset : undefined;
  return { state, warnings, offset };
}

/** A directory to which offsets 100 and then 200 were saved; the name of the file with the newer one. */
async function savedTwice(): Promise<{ path: string; newest: string; older: string }> {
  const path = join(temporaryDirectory(), 'state');
  const { state } = open(path);
  await state.save(linesAt(100));
  await state.save(linesAt(200));
  state.release();
  return { path, newest: join(path, 'checkpoint-b'), older: join(path, 'checkpoint-a') };
}

describe('a state directory', () => {
  it('is made, is empty at first, and gives back what was saved last', async () => {
    const path = join(temporaryDirectory(), 'not', 'there');
    const first = open(path);
    expect(first.state.found).toEqual({ kind: 'fresh' });
    for (const offset of [1, 2, 3]) await first.state.save(linesAt(offset));
    first.state.release();
    const second = open(path);
    expect(second.state.found).toEqual({ kind: 'loaded', entries: [entryAt(3)] });
    expect(second.warnings).toEqual([]);
    expect(readdirSync(path)).toEqual(['checkpoint-a', 'checkpoint-b', 'lock']);
  });

  it('has one owner at a time', () => {
    const path = temporaryDirectory();
    const { state } = open(path);
    expect(() => open(path)).toThrow(`process ${process.pid} follows files with the state directory ${path}`);
    state.release();
    open(path);
  });

  it('that cannot be made is an error that says so', () => {
    const file = join(temporaryDirectory(), 'file');
    writeFileSync(file, '');
    expect(() => open(join(file, 'state'))).toThrow(expect.objectContaining({ exitName: 'invalid' }));
  });
});

describe('a damaged checkpoint', () => {
  it.each<[what: string, damage: (file: string, bytes: Buffer) => void]>([
    ['cut to nothing', (file) => truncateSync(file, 0)],
    ['full of NULs', (file, bytes) => writeFileSync(file, Buffer.alloc(bytes.length))],
    ['cut in half', (file, bytes) => truncateSync(file, bytes.length / 2)],
    [
      'with a byte flipped',
      (file, bytes) => writeFileSync(file, Buffer.from(bytes.map((byte, at) => (at === 99 ? byte ^ 4 : byte)))),
    ],
    [
      'that is a directory',
      (file) => {
        rmSync(file);
        mkdirSync(file);
      },
    ],
  ])('%s gives way to the one before it, and is kept', async (_what, damage) => {
    const { path, newest } = await savedTwice();
    damage(newest, readFileSync(newest));
    const { state, warnings, offset } = open(path);
    expect([state.found.kind, offset]).toEqual(['older', 100]);
    expect(warnings[0]).toContain(`it is kept as ${newest}.damaged`);
    expect(warnings[1]).toContain('delivered again');
    await state.save(linesAt(300));
    state.release();
    expect(open(path).offset).toBe(300);
    expect(readdirSync(path)).toContain('checkpoint-b.damaged');
  });

  it('is not the end when the other is damaged too: it is told, and everything is read again', async () => {
    const { path, newest, older } = await savedTwice();
    for (const file of [newest, older]) truncateSync(file, 0);
    const { state, warnings } = open(path);
    expect(state.found).toEqual({ kind: 'lost' });
    expect(warnings.at(-1)).toContain('read from their beginnings');
  });

  it('may be left from writing: what is unfinished is no checkpoint', async () => {
    const { path } = await savedTwice();
    writeFileSync(join(path, 'checkpoint-a.tmp'), formatCheckpoint(9, linesAt(900)).subarray(0, 50));
    expect(open(path)).toMatchObject({ offset: 200, warnings: [] });
  });
});

requires('root').describe('a full disk', () => {
  const mountFull = (): { path: string; fill: () => void; free: () => void } => {
    const path = temporaryDirectory();
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', path]);
    onTestFinished(() => void execFileSync('umount', [path]));
    const ballast = join(path, 'ballast');
    const fill = (): void => {
      for (let bytes = 65_536; bytes >= 1; bytes -= 4096) {
        try {
          writeFileSync(ballast, Buffer.alloc(bytes));
          return;
        } catch {
          // One page less.
        }
      }
    };
    return { path, fill, free: () => writeFileSync(ballast, '') };
  };

  it('leaves what was saved before as it is, and takes the next when there is room', async () => {
    const { path, fill, free } = mountFull();
    const { state } = open(path);
    await state.save(linesAt(100));
    fill();
    await expect(state.save(linesAt(200))).rejects.toThrow('ENOSPC');
    await expect(state.save(linesAt(300))).rejects.toThrow('ENOSPC');
    expect(parseCheckpoint(readFileSync(join(path, 'checkpoint-a')))).toMatchObject({ entries: [entryAt(100)] });
    free();
    await state.save(linesAt(400));
    state.release();
    expect(open(path)).toMatchObject({ offset: 400, warnings: [] });
  });

  it('stops no start', () => {
    const { path, fill } = mountFull();
    fill();
    const { state, warnings } = open(path);
    expect(state.found.kind).toBe('fresh');
    expect(warnings).toEqual([expect.stringContaining('is full')]);
  });
});

describe('a process that is killed while it saves', () => {
  const ROUNDS = process.env.FAULTLINE_SOAK ? 200 : 10;
  const SAVING = `
    import { openStateDirectory } from ${JSON.stringify(join(import.meta.dirname, '../../../../src/lib/logship/checkpoint/state-directory.ts'))};
    const state = openStateDirectory(process.argv[1], (message) => { throw new Error(message); });
    const first = 'entries' in state.found ? state.found.entries[0].offset : 0;
    const entry = JSON.parse(process.argv[2]);
    for (let offset = first + 1; ; offset++) {
      await state.save([JSON.stringify({ ...entry, offset })]);
      process.stdout.write(offset + '\\n');
    }`;

  it('leaves no less than it saw saved, and no damage', { timeout: 60_000 }, async () => {
    const path = temporaryDirectory();
    let savedBefore = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', SAVING, path, JSON.stringify(entryAt(0))], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let told = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        told += text;
        if (told.split('\n').length > 2 + (round % 7)) child.kill('SIGKILL');
      });
      await once(child, 'close');
      const saved = Number(told.split('\n').at(-2));
      const { state, warnings, offset } = open(path);
      state.release();
      expect(warnings).toEqual([]);
      expect(saved).toBeGreaterThan(savedBefore);
      expect(offset).toBeGreaterThanOrEqual(saved);
      savedBefore = saved;
    }
  });
});
