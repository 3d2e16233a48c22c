import { isErrno } from './files.ts';

/**
 * Started with too old a Node, `bin/launch.js` runs this program again with the bundled one and stays as its wrapper. A socket on an
 * extra file descriptor joins the two:
 *
 *     shell ── wrapper (old Node) ──socket──> this process (bundled Node)
 *
 *     wrapper gets a signal    → its name comes down the socket: signals sent to the wrapper alone reach us too
 *     wrapper is killed (-9)   → the socket closes: treated like a hang-up
 *
 * A terminal's Ctrl-C reaches both processes by itself. So each signal is counted on both ways, and is raised here only when fewer
 * came directly than the wrapper has told of.
 */
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;
type Forwarded = (typeof FORWARDED)[number];

const DESCRIPTOR_VARIABLE = 'FAULTLINE_PARENT_FD';

/** How long a signal may take to arrive directly after the wrapper has told of it. */
const DIRECT_GRACE_MS = 50;

/** Joins this process to its wrapper, if it has one. Call once, before anything is started that would inherit the environment. */
export async function linkToWrapper(): Promise<void> {
  const descriptor = process.env[DESCRIPTOR_VARIABLE];
  if (descriptor === undefined) return;
  // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- children must not take the descriptor for theirs
  delete process.env[DESCRIPTOR_VARIABLE];

  if (!/^\d+$/.test(descriptor)) return;

  const counts = watchSignals();
  const { Socket } = await import('node:net');
  const link = openLink(() => new Socket({ fd: Number(descriptor), readable: true, writable: false }));
  if (!link) return;
  link.setEncoding('utf8');
  link.on('data', (text: string) => {
    for (const name of text.split('\n')) {
      const signal = FORWARDED.find((known) => known === name);
      if (signal) raiseUnlessDirect(signal, counts);
    }
  });
  link.on('error', () => undefined);
  link.on('close', () => process.kill(process.pid, 'SIGHUP'));
  link.unref();
}

interface Count {
  direct: number;
  told: number;
}
type Counts = Record<Forwarded, Count>;

/** Counts the signals that arrive directly; where nobody else listens, a signal still does what it does by default. */
function watchSignals(): Counts {
  const counts: Counts = {
    SIGINT: { direct: 0, told: 0 },
    SIGTERM: { direct: 0, told: 0 },
    SIGHUP: { direct: 0, told: 0 },
    SIGQUIT: { direct: 0, told: 0 },
  };
  for (const signal of FORWARDED) {
    const listener = (): void => {
      counts[signal].direct++;
      if (process.listenerCount(signal) > 1) return;
      process.off(signal, listener);
      process.kill(process.pid, signal);
    };
    process.on(signal, listener);
  }
  return counts;
}

function raiseUnlessDirect(signal: Forwarded, counts: Counts): void {
  const count = counts[signal];
  count.told++;
  setTimeout(() => {
    if (count.direct < count.told) process.kill(process.pid, signal);
  }, DIRECT_GRACE_MS);
}

/** The link, or undefined when the variable was left over and names no descriptor of ours. */
function openLink<Link>(open: () => Link): Link | undefined {
  try {
    return open();
  } catch (error) {
    if (isErrno(error, 'EBADF') || isErrno(error, 'EINVAL') || isErrno(error, 'ERR_INVALID_FD_TYPE')) return undefined;
    throw error;
  }
}
