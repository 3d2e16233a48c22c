/**
 * Makes a clean clone ready to run: dependencies, bundle, and the programs that tests need. Plain JavaScript that Node 18 can parse,
 * because it brings the newer Node itself. Says nothing and takes no time when nothing is to do.
 */
import { spawn } from 'node:child_process';
import {
  accessSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const bundledNode = join(root, 'node_modules', 'node', 'bin', 'node');
const installedBins = join(root, 'node_modules', '.bin');

/** The environment of everything that is started here: `node` is the bundled one. */
export function childEnvironment(extra = {}) {
  return { ...process.env, PATH: [installedBins, process.env.PATH].join(delimiter), ...extra };
}

/** Dependencies and bundle. Throws when one of them cannot be made; what was printed meanwhile is shown then. */
export async function prepare() {
  if (dependenciesAreStale()) await installDependencies();
  if (bundleIsStale()) await quietly('building', bundledNode, [join(root, 'node_modules/rolldown/bin/cli.mjs'), '-c']);
}

/**
 * The programs of test/programs.json that this machine lacks, where they may be installed: as root on Debian. Elsewhere the tests that
 * need one say so and are skipped. False when the installation failed.
 */
export async function installPrograms() {
  const listed = JSON.parse(readFileSync(join(root, 'test', 'programs.json'), 'utf8'));
  const missing = listed.filter(({ program }) => !hasProgram(program)).map((entry) => entry.package);
  if (missing.length === 0 || process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) return true;
  const env = childEnvironment({ DEBIAN_FRONTEND: 'noninteractive' });
  const wait = ['-o', 'DPkg::Lock::Timeout=120'];
  const allowServices = forbidServices();
  try {
    await quietly('looking for test programs', 'apt-get', ['update', ...wait], env);
    await quietly(
      `installing ${missing.join(', ')}`,
      'apt-get',
      ['install', '-y', '--no-install-recommends', ...wait, ...missing],
      env,
    );
    return true;
  } catch (error) {
    say(error.message);
    return false;
  } finally {
    allowServices();
  }
}

function dependenciesAreStale() {
  const installedMs = modifiedMs(join(root, 'node_modules', '.package-lock.json'));
  return !existsSync(bundledNode) || installedMs < modifiedMs(join(root, 'package-lock.json'));
}

async function installDependencies() {
  // The PATH as it was before npm put our own node_modules first: npm must not run on the Node that it is about to replace.
  const path = (process.env.PATH ?? '').split(delimiter).filter((directory) => directory !== installedBins);
  await quietly('installing dependencies', 'npm', ['ci'], { ...process.env, PATH: path.join(delimiter) });
}

function bundleIsStale() {
  const files = ['package.json', 'package-lock.json', 'oclif.manifest.json', 'rolldown.config.ts'].map((name) =>
    join(root, name),
  );
  const builtMs = modifiedMs(join(root, 'dist', 'cli.js'));
  return [...files.map(modifiedMs), newestBelow(join(root, 'src'))].some((ms) => ms > builtMs);
}

/** When the newest file or directory in a tree changed: a removed file changes its directory. */
function newestBelow(directory) {
  const below = readdirSync(directory, { withFileTypes: true }).map((entry) => {
    const path = join(directory, entry.name);
    return entry.isDirectory() ? newestBelow(path) : modifiedMs(path);
  });
  return Math.max(modifiedMs(directory), ...below);
}

/** 0 when there is no such file. */
function modifiedMs(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function hasProgram(program) {
  const directories = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  return directories.some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * Debian starts the services that it installs unless this file forbids it (invoke-rc.d(8)); tests start their own, on their own ports.
 * Returns what takes the file away again; one that was there before stays.
 */
function forbidServices() {
  const policy = '/usr/sbin/policy-rc.d';
  if (existsSync(policy)) return () => undefined;
  writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  const remove = () => rmSync(policy, { force: true });
  process.once('exit', remove);
  return remove;
}

/** Runs a program with its output held back in a file, which is shown only when the program fails. */
async function quietly(what, program, args, env = childEnvironment()) {
  const startMs = Date.now();
  const directory = mkdtempSync(join(tmpdir(), 'faultline-prepare-'));
  const log = join(directory, 'log');
  const output = openSync(log, 'w');
  say(`${what} …`);
  const code = await new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: root,
      env: { ...env, NO_COLOR: '1' },
      stdio: ['ignore', output, output],
    });
    child.on('error', (error) => reject(new Error(`${what}: cannot run ${program}: ${error.message}`)));
    child.on('exit', (exitCode, signal) => resolve(exitCode ?? signal));
  });
  const text = readFileSync(log, 'utf8');
  rmSync(directory, { recursive: true });
  if (code !== 0) throw new Error(`${what} failed: ${program} ${args.join(' ')} ended with ${code}\n${text}`);
  say(`${what}: done in ${((Date.now() - startMs) / 1000).toFixed(1)} s`);
}

function say(text) {
  process.stderr.write(`${text}\n`);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    await prepare();
  } catch (error) {
    say(error.message);
    process.exitCode = 1;
  }
}
