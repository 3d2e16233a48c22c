/**
 * What happens before anything of ours is loaded. Plain JavaScript that Node 18 can parse, and as little of it as possible: the version
 * and the overview of commands are answered from here.
 *
 *     old Node ──> bin/chaos.js ── finds node_modules/node ──> the same file again, under that Node
 *                       │                                            │
 *                  stays, passes signals on <──── socket, fd 3 ────> src/lib/runtime/wrapper-link.ts
 */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const LEAST_NODE = 24;
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const cli = join(root, 'dist', 'cli.js');

/** Runs the command line under the name of one of our programs. */
export async function launch(bin) {
  const argv = process.argv.slice(2);
  if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-v')) return printVersion(bin);
  if (asksForOverview(argv) && printOverview(bin)) return;
  if (Number.parseInt(process.versions.node, 10) < LEAST_NODE) return runAgain(bin);
  if (!existsSync(cli)) return fail(`${bin}: not built yet: run npm ci (or npm run build) in ${root}`);
  await enableCompileCache();
  const { main } = await import('../dist/cli.js');
  await main(bin, argv);
}

function printVersion(bin) {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  process.stdout.write(`${bin} ${version}\n`);
}

function asksForOverview(argv) {
  return argv.length === 0 || (argv.length === 1 && ['help', '--help', '-h'].includes(argv[0]));
}

/** False where the program has no overview: it is not built, or has no command yet. The full program then says so. */
function printOverview(bin) {
  const file = join(root, 'dist', 'help', `${bin}.txt`);
  if (!existsSync(file)) return false;
  const text = readFileSync(file, 'utf8');
  const color = process.stdout.isTTY && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
  process.stdout.write(color ? text.replace(/^[A-Z]+$/gm, '\u001b[1m$&\u001b[0m') : text);
  return true;
}

/** Compiled code is kept from one start to the next, where the user's caches are. */
async function enableCompileCache() {
  const module = await import('node:module');
  const caches = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  module.enableCompileCache(process.env.NODE_COMPILE_CACHE ? undefined : join(caches, 'faultline', 'compile-cache'));
}

/** The same command line under the Node that `npm ci` has installed; this process ends as that one does. */
async function runAgain(bin) {
  const node = process.env.FAULTLINE_PARENT_FD === undefined && lookupBundledNode();
  if (!node) {
    return fail(
      `${bin}: needs Node ${LEAST_NODE} or newer, and this is ${process.version}: run npm ci in ${root}, or install a newer Node`,
    );
  }
  const { spawn } = await import('node:child_process');
  const child = spawn(node, process.argv.slice(1), {
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
    env: { ...process.env, FAULTLINE_PARENT_FD: '3' },
  });
  const link = child.stdio[3];
  link.on('error', () => undefined);
  // The child raises what did not reach it by itself: Ctrl-C goes to both of us, `kill` only to one.
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];
  for (const signal of signals) process.on(signal, () => link.write(`${signal}\n`));
  child.on('error', (error) => fail(`${bin}: cannot run ${node}: ${error.message}`));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    for (const name of signals) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
}

/** The Node that came with our own dependencies, or with those of the package that we are installed into. */
function lookupBundledNode() {
  for (let directory = root; ; directory = dirname(directory)) {
    const node = join(directory, 'node_modules', 'node', 'bin', 'node');
    if (existsSync(node)) return node;
    if (directory === dirname(directory)) return undefined;
  }
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exitCode = 2;
}
