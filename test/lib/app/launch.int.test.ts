import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isAlive, refOf } from '../../../src/lib/runtime/processes.ts';
import { requires } from '../../support/requires.ts';
import { temporaryDirectory } from '../../support/temp.ts';
import { until } from '../../support/until.ts';

const ROOT = join(import.meta.dirname, '../../..');
const BINS = ['run.js', 'chaos.js', 'logship.js', 'launch.js'];
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };

/**
 * A runner in place of ours: says who it is and what it was given, then obeys. `wait` leaves signals to their defaults, `count` counts them,
 * and a number is an exit code.
 */
const RUNNER = `
import { linkToWrapper } from '${ROOT}/src/lib/runtime/wrapper-link.ts';
export async function main(bin, argv) {
  const inherited = process.env.FAULTLINE_PARENT_FD !== undefined;
  await linkToWrapper();
  const wrapped = inherited && process.env.FAULTLINE_PARENT_FD === undefined;
  if (argv[0] === 'count') for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => console.log(name));
  console.log(JSON.stringify({ bin, argv, wrapped, pid: process.pid }));
  if (argv[0] === 'count' || argv[0] === 'wait') await new Promise((resolve) => setTimeout(resolve, 30_000));
  process.exitCode = Number(argv[0] ?? 0);
}
`;

interface Package {
  readonly bin: (name: string) => string;
}

/** A package of our own bins around that runner. An old Node is played by taking the first start for one. */
function createPackage({ oldNode = false, dependencies = true, built = true, overview = false } = {}): Package {
  const root = temporaryDirectory('faultline-launch');
  for (const folder of ['bin', 'dist', 'dist/help']) mkdirSync(join(root, folder));
  copyFileSync(join(ROOT, 'package.json'), join(root, 'package.json'));
  for (const name of BINS) copyFileSync(join(ROOT, 'bin', name), join(root, 'bin', name));
  if (oldNode) pretendOldNode(join(root, 'bin', 'launch.js'));
  if (built) writeFileSync(join(root, 'dist', 'cli.js'), RUNNER);
  if (overview) writeFileSync(join(root, 'dist', 'help', 'chaos.txt'), 'OVERVIEW\n  of chaos\n');
  if (dependencies) symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  return { bin: (name) => join(root, 'bin', `${name}.js`) };
}

function pretendOldNode(launcher: string): void {
  const text = readFileSync(launcher, 'utf8');
  const pretending = text.replace(
    'Number.parseInt(process.versions.node, 10) < LEAST_NODE',
    'process.env.FAULTLINE_PARENT_FD === undefined',
  );
  expect(pretending).not.toBe(text);
  writeFileSync(launcher, pretending);
}

function run(script: string, argv: readonly string[], node = process.execPath) {
  const { status, stdout, stderr } = spawnSync(node, [script, ...argv], { encoding: 'utf8' });
  return { code: status, out: stdout, err: stderr };
}

interface Started {
  readonly child: ChildProcess;
  /** The process that does the work; the child itself when there is no wrapper. */
  readonly workerPid: number;
  readonly output: () => string;
  readonly ended: Promise<readonly [number | null, NodeJS.Signals | null]>;
}

/** Starts a bin as the head of a process group, and waits until it has said who it is. */
async function start(script: string, argv: readonly string[]): Promise<Started> {
  const child = spawn(process.execPath, [script, ...argv], { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = new Promise<readonly [number | null, NodeJS.Signals | null]>((resolve) =>
    child.on('close', (code, signal) => resolve([code, signal])),
  );
  onTestFinished(() => killGroup(child));
  await until('the runner says who it is', () => output.includes('\n'));
  const { pid } = JSON.parse(output.split('\n', 1)[0] ?? '') as { pid: number };
  return { child, workerPid: pid, output: () => output, ended };
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): void {
  try {
    process.kill(-(child.pid ?? NaN), signal);
  } catch {
    // Nobody of the group is left.
  }
}

describe('a program of ours', () => {
  it.each(['run', 'chaos', 'logship'])('%s answers its version before anything is built', (name) => {
    const { bin } = createPackage({ dependencies: false, built: false });
    const program = name === 'run' ? 'faultline' : name;
    expect(run(bin(name), ['--version'])).toEqual({ code: 0, out: `${program} ${version}\n`, err: '' });
  });

  it.each([[[]], [['--help']], [['help']], [['-h']]])('answers %j with its overview', (argv) => {
    const { bin } = createPackage({ built: false, overview: true });
    expect(run(bin('chaos'), argv)).toEqual({ code: 0, out: 'OVERVIEW\n  of chaos\n', err: '' });
  });

  it('says in one line that it is not built', () => {
    const { code, err } = run(createPackage({ built: false }).bin('chaos'), ['run', 'a.yaml']);
    expect(code).toBe(2);
    expect(err).toMatch(/^chaos: not built yet: run npm ci \(or npm run build\) in \S+\n$/);
  });

  it('hands over its arguments and takes the exit code', () => {
    const { code, out } = run(createPackage().bin('chaos'), ['4', '--x', 'a b']);
    expect({ code, ...(JSON.parse(out) as object) }).toMatchObject({
      code: 4,
      bin: 'chaos',
      argv: ['4', '--x', 'a b'],
      wrapped: false,
    });
  });

  it('can be reached through a link, as npm installs it', () => {
    const directory = temporaryDirectory();
    symlinkSync(createPackage().bin('logship'), join(directory, 'logship'));
    expect(JSON.parse(run(join(directory, 'logship'), ['0']).out)).toMatchObject({ bin: 'logship' });
  });
});

describe('started with too old a Node', () => {
  it('runs again with the bundled one, and ends as that one does', () => {
    const { code, out } = run(createPackage({ oldNode: true }).bin('chaos'), ['3', 'x']);
    expect({ code, ...(JSON.parse(out) as object) }).toMatchObject({ code: 3, argv: ['3', 'x'], wrapped: true });
  });

  it('says in one line what to do where there is no bundled one', () => {
    const { code, out, err } = run(createPackage({ oldNode: true, dependencies: false }).bin('run'), ['doctor']);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(
      /^faultline: needs Node 24 or newer, and this is v[\d.]+: run npm ci in \S+, or install a newer Node\n$/,
    );
  });

  it('finds the Node of the package that it is installed into', () => {
    const outer = temporaryDirectory();
    const inner = join(outer, 'node_modules', 'faultline', 'bin');
    mkdirSync(inner, { recursive: true });
    mkdirSync(join(outer, 'node_modules', 'node', 'bin'), { recursive: true });
    writeFileSync(join(outer, 'node_modules', 'faultline', 'package.json'), '{"type":"module"}');
    for (const name of BINS) copyFileSync(join(ROOT, 'bin', name), join(inner, name));
    pretendOldNode(join(inner, 'launch.js'));
    const node = join(outer, 'node_modules', 'node', 'bin', 'node');
    writeFileSync(node, '#!/bin/sh\necho "$@"\n');
    chmodSync(node, 0o755);
    expect(run(join(inner, 'chaos.js'), ['list']).out).toBe(`${join(inner, 'chaos.js')} list\n`);
  });

  const older = (process.env.PATH ?? '')
    .split(delimiter)
    .map((directory) => join(directory, 'node'))
    .filter((node) => /^v(?:18|2[0-3])\./.test(spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout));

  it.each([...new Set(older)])('does so with the old one of this machine, %s', (node) => {
    const { code, out, err } = run(createPackage().bin('chaos'), ['3'], node);
    expect({ code, err, ...(JSON.parse(out) as object) }).toMatchObject({ code: 3, err: '', wrapped: true });
    expect(run(createPackage().bin('chaos'), ['--version'], node).out).toBe(`chaos ${version}\n`);
  });
});

describe('a signal to a program that runs under a wrapper', () => {
  const oldPackage = () => createPackage({ oldNode: true });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s to the wrapper alone arrives once', async (signal) => {
    const { child, output } = await start(oldPackage().bin('chaos'), ['count']);
    child.kill(signal);
    await until('the signal arrives', () => output().includes(signal));
    await settle();
    expect(output().split(signal).length - 1).toBe(1);
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    '%s to the whole group, as a terminal sends it, arrives once',
    async (signal) => {
      const { child, output } = await start(oldPackage().bin('chaos'), ['count']);
      killGroup(child, signal);
      await until('the signal arrives', () => output().includes(signal));
      await settle();
      expect(output().split(signal).length - 1).toBe(1);
    },
  );

  it('arrives twice when it was sent twice', async () => {
    const { child, output } = await start(oldPackage().bin('chaos'), ['count']);
    killGroup(child, 'SIGINT');
    await until('the first arrives', () => output().includes('SIGINT'));
    killGroup(child, 'SIGINT');
    await until('the second arrives', () => output().split('SIGINT').length > 2);
    await settle();
    expect(output().split('SIGINT').length - 1).toBe(2);
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    '%s ends both in the usual way when nobody listens',
    async (signal) => {
      const { child, workerPid, ended } = await start(oldPackage().bin('chaos'), ['wait']);
      const worker = refOf(workerPid);
      child.kill(signal);
      expect(await ended).toEqual([null, signal]);
      expect(worker && isAlive(worker)).toBe(false);
    },
  );

  it('is a hang-up when the wrapper was killed', async () => {
    const { child, output } = await start(oldPackage().bin('chaos'), ['count']);
    child.kill('SIGKILL');
    await until('the hang-up arrives', () => output().includes('SIGHUP'));
  });

  it('is SIGKILL for the wrapper as well when the program was killed', async () => {
    const { workerPid, ended } = await start(oldPackage().bin('chaos'), ['wait']);
    process.kill(workerPid, 'SIGKILL');
    expect(await ended).toEqual([null, 'SIGKILL']);
  });
});

requires(requires.package('tmux')).describe('in a real terminal', () => {
  it.each([
    ['Ctrl-C', 'SIGINT', (terminal: Terminal) => terminal.tmux('send-keys', 'C-c')],
    ['closing the window', 'SIGHUP', (terminal: Terminal) => terminal.tmux('kill-window')],
  ] as const)('%s reaches a program under a wrapper once', async (_, signal, act) => {
    const script = createPackage({ oldNode: true }).bin('chaos');
    const terminal = openTerminal(`${process.execPath} ${script} count`);
    await until('the runner says who it is', () => terminal.output().includes('\n'));
    const { pid } = JSON.parse(terminal.output().split('\n', 1)[0] ?? '') as { pid: number };
    onTestFinished(() => void process.kill(pid, 'SIGKILL'));
    act(terminal);
    await until('the signal arrives', () => terminal.output().includes(signal));
    await settle();
    expect(terminal.output().split(signal).length - 1).toBe(1);
  });
});

interface Terminal {
  readonly tmux: (...args: readonly string[]) => void;
  readonly output: () => string;
}

/** A window of a terminal server of its own, in which a command runs with its output in a file. */
function openTerminal(command: string): Terminal {
  const directory = temporaryDirectory('faultline-tmux');
  const [socket, output] = [join(directory, 'socket'), join(directory, 'output')];
  const tmux = (...args: readonly string[]): void => {
    const { status, stderr } = spawnSync('tmux', ['-S', socket, '-f', '/dev/null', ...args], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`tmux ${args.join(' ')}: ${stderr}`);
  };
  tmux('new-session', '-d', '-x', '80', '-y', '24', `exec ${command} > ${output}`);
  onTestFinished(() => void spawnSync('tmux', ['-S', socket, 'kill-server']));
  return { tmux, output: () => (existsSync(output) ? readFileSync(output, 'utf8') : '') };
}

/** Longer than a signal's second way takes: a doubled one would have arrived. */
async function settle(): Promise<void> {
  const startMs = performance.now();
  await until('the time is over', () => performance.now() - startMs > 150);
}
