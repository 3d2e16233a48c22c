import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A TCP socket that waits for connections in this network namespace. */
export interface Listener {
  /** As text: `127.0.0.1`, `0.0.0.0`, `::`, `::1`. */
  readonly address: string;
  readonly port: number;
  /** Who holds it; undefined when that process cannot be looked into (another user's, another pid namespace). */
  readonly pid: number | undefined;
}

/** The state LISTEN in /proc/net/tcp (include/net/tcp_states.h). */
const LISTEN = '0A';

/** Every listener on a TCP port, from /proc/net/tcp and tcp6 (proc_net(5)), with the process that holds it. */
export function listListeners(port: number): Listener[] {
  const sockets = [...readTable('/proc/net/tcp'), ...readTable('/proc/net/tcp6')].filter(
    (socket) => socket.port === port,
  );
  if (sockets.length === 0) return [];
  const owners = findSocketOwners(new Set(sockets.map((socket) => socket.inode)));
  return sockets.map(({ address, inode }) => ({ address, port, pid: owners.get(inode) }));
}

interface TableRow {
  readonly address: string;
  readonly port: number;
  readonly inode: string;
}

function readTable(path: string): TableRow[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return [];
  }
  return text
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === LISTEN)
    .map((fields) => {
      const [address = '', port = ''] = (fields[1] ?? '').split(':');
      return { address: formatAddress(address), port: Number.parseInt(port, 16), inode: fields[9] ?? '' };
    });
}

/** The kernel prints addresses as 32-bit words in the machine's byte order: `0100007F` is 127.0.0.1 on a little-endian one. */
function formatAddress(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => [...Buffer.from(word, 'hex')].reverse());
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.every((byte) => byte === 0)) return '::';
  if (bytes.slice(0, 15).every((byte) => byte === 0) && bytes[15] === 1) return '::1';
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0));
  return groups.map((group) => group.toString(16)).join(':');
}

/** Looks through /proc/PID/fd of every process until each socket has its owner. */
function findSocketOwners(inodes: ReadonlySet<string>): Map<string, number> {
  const owners = new Map<string, number>();
  for (const pid of readdirSync('/proc').map(Number).filter(Number.isInteger)) {
    if (owners.size === inodes.size) break;
    for (const inode of socketInodesOf(pid)) if (inodes.has(inode) && !owners.has(inode)) owners.set(inode, pid);
  }
  return owners;
}

function socketInodesOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => lookupSocketInode(`/proc/${pid}/fd/${fd}`));
  } catch {
    return [];
  }
}

function lookupSocketInode(link: string): string[] {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(link))?.slice(1) ?? [];
  } catch {
    return [];
  }
}
