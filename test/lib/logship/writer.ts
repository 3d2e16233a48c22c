import { closeSync, copyFileSync, openSync, renameSync, rmSync, truncateSync, unlinkSync, writeSync } from 'node:fs';

/**
 * Writes numbered lines to a file as fast as it can, in pieces that end anywhere, and rotates it now and then; at the end it prints how many.
 * Started by tests as a process of its own: `node writer.ts PATH SEED DURATION_MS`.
 */
const [path = '', seedText = '1', durationText = '1000'] = process.argv.slice(2);
const PAUSE_MS = 120;

let seed = Number(seedText);
let written = 0;
let file = openSync(path, 'a');

function chance(): number {
  seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fff_ffff;
  return seed / 0x7fff_ffff;
}

function sleep(delayMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, delayMs);
}

function write(): void {
  const text = Array.from({ length: 1 + Math.floor(chance() * 400) }, () => `seq=${++written};\n`).join('');
  const cut = Math.floor(chance() * text.length);
  writeSync(file, text.slice(0, cut));
  if (chance() < 0.3) sleep(1);
  writeSync(file, text.slice(cut));
}

/** `app.log.3` is moved to `app.log.4` and so on. */
function shift(): void {
  rmSync(`${path}.4`, { force: true });
  for (let generation = 3; generation > 0; generation--) {
    try {
      renameSync(`${path}.${generation}`, `${path}.${generation + 1}`);
    } catch {
      // There are not so many yet.
    }
  }
}

/** Opens a new file under the name, after some more has been written to the old one. */
function reopen(): void {
  write();
  closeSync(file);
  file = openSync(path, 'a');
}

const ROTATIONS = [
  () => {
    shift();
    renameSync(path, `${path}.1`);
    reopen();
  },
  () => {
    shift();
    copyFileSync(path, `${path}.1`);
    truncateSync(path);
  },
  () => {
    unlinkSync(path);
    reopen();
  },
];

const endMs = performance.now() + Number(durationText);
let rotateMs = performance.now() + PAUSE_MS;
while (performance.now() < endMs) {
  write();
  if (chance() < 0.5) sleep(Math.floor(chance() * 4));
  if (performance.now() < rotateMs) continue;
  rotateMs = performance.now() + PAUSE_MS + chance() * PAUSE_MS;
  ROTATIONS[Math.floor(chance() * ROTATIONS.length)]?.();
}
process.stdout.write(String(written));
