import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createHeader, findSnapshots, Snapshot } from '../../../../src/lib/control/toxiproxy/snapshot.ts';
import { plainJson } from '../../../../src/lib/control/toxiproxy/go-json.ts';
import { FakeClock } from '../../../../src/lib/runtime/fake-clock.ts';
import { bootId, selfRef } from '../../../../src/lib/runtime/processes.ts';
import { temporaryDirectory } from '../../../support/temp.ts';

const API = { host: '127.0.0.1', port: 8474 };

/** A clock by which writing takes time. */
class SlowClock extends FakeClock {
  spentMs = 0;

  override monotonicMs(): number {
    return super.monotonicMs() + this.spentMs;
  }
}

function open(stateDirectory = temporaryDirectory(), api = API, process = selfRef()) {
  const clock = new SlowClock();
  const notes: string[] = [];
  const state = { writes: 0, msPerWrite: 1, value: 0 };
  const snapshot = new Snapshot({
    clock,
    stateDirectory,
    api,
    header: createHeader(process, { api: '127.0.0.1:8474', sinceUnixMs: 5, seed: 3 }),
    proxies() {
      state.writes++;
      clock.spentMs += state.msPerWrite;
      return [{ name: `p${state.value}` }];
    },
    onNote: (text) => notes.push(text),
  });
  const find = () => findSnapshots(stateDirectory, api, (path, why) => notes.push(`${path}: ${why}`));
  return { snapshot, clock, notes, state, find, folder: join(stateDirectory, 'proxy-api') };
}

describe('a snapshot', () => {
  it('is written at once, and found again with who wrote it', () => {
    const { snapshot, find, folder } = open();
    snapshot.changed();
    const [found] = find();
    expect(found).toMatchObject({ isAlive: true, header: { process: selfRef(), boot: bootId(), seed: 3 } });
    expect(plainJson(found!.proxies)).toEqual([{ name: 'p0' }]);
    expect(readdirSync(folder)).toEqual([`127.0.0.1-8474.${process.pid}.json`]);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  it('of ten thousand changes in a row few are written, and the last one is', async () => {
    const { snapshot, clock, state, find } = open();
    for (state.value = 1; state.value < 10_000; state.value++) {
      snapshot.changed();
      await clock.advance(0.1);
    }
    snapshot.changed();
    await clock.advance(50);
    expect(state.writes).toBeLessThan(500);
    expect(plainJson(find()[0]!.proxies)).toEqual([{ name: 'p10000' }]);
  });

  it('a change waits for 50 ms at most, however long writing takes', async () => {
    const { snapshot, clock, state, find } = open();
    state.msPerWrite = 1000;
    snapshot.changed();
    state.value = 7;
    snapshot.changed();
    expect(state.writes).toBe(1);
    await clock.advance(50);
    expect(plainJson(find()[0]!.proxies)).toEqual([{ name: 'p7' }]);
  });

  it('at the end what waits is written; then nothing is, and it can be removed', async () => {
    const { snapshot, clock, state, find } = open();
    snapshot.changed();
    state.value = 1;
    snapshot.changed();
    snapshot.end();
    state.value = 2;
    snapshot.changed();
    await clock.advance(1000);
    expect(plainJson(find()[0]!.proxies)).toEqual([{ name: 'p1' }]);
    snapshot.remove();
    expect(find()).toEqual([]);
  });

  it('that cannot be written is noted once, and again after it could', async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'file'), '');
    const { snapshot, clock, notes } = open(join(directory, 'file'));
    for (let i = 0; i < 3; i++) {
      snapshot.changed();
      await clock.advance(1000);
    }
    expect(notes).toHaveLength(1);
    expect(notes[0]).toContain('what is in force cannot be kept');
  });

  it.each([
    ['of another address', { host: '127.0.0.1', port: 84 }],
    ['of another host', { host: '::1', port: 8474 }],
  ])('%s is not found', (_which, api) => {
    const directory = temporaryDirectory();
    open(directory, api).snapshot.changed();
    expect(open(directory).find()).toEqual([]);
  });

  it('of a process that is gone is known to be so, also when its number has been used again', () => {
    const directory = temporaryDirectory();
    open(directory, API, { pid: process.pid, startTicks: 1 }).snapshot.changed();
    expect(open(directory).find()).toMatchObject([{ isAlive: false }]);
  });

  it('cut off at any byte is set aside and told', () => {
    const whole = open();
    whole.snapshot.changed();
    const text = readFileSync(join(whole.folder, readdirSync(whole.folder)[0]!), 'utf8').trimEnd();
    for (let end = 0; end < text.length; end++) {
      const { find, notes, folder } = open();
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, '127.0.0.1-8474.1.json'), text.slice(0, end));
      expect(find()).toEqual([]);
      expect(notes).toHaveLength(1);
      expect(readdirSync(folder)).toEqual(['127.0.0.1-8474.1.json.damaged']);
      expect(find()).toEqual([]);
    }
  });
});
