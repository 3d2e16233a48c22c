import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'vitest';

/** Something that a test needs of the machine, and what to say where it is missing. */
export interface Need {
  readonly met: boolean;
  /** `root (these tests run as uid 1000)`. */
  readonly missing: string;
}

/** What decides whether a missing need may be passed over. */
export interface Circumstances {
  readonly isRoot: boolean;
  readonly isDebian: boolean;
  readonly allowSkips: boolean;
}

type NeedName = keyof typeof NEEDS;

const NEEDS = {
  root: (): Need => ({ met: isRoot(), missing: `root (these tests run as uid ${process.getuid?.() ?? '?'})` }),
  'cgroup-cpu': (): Need => ({
    met: CPU_CONTROLLERS.some(isWritable),
    missing: `a writable CPU controller of control groups (one of ${CPU_CONTROLLERS.join(', ')})`,
  }),
  'cgroup-cpu-v1': (): Need => ({
    met: CPU_CONTROLLERS.slice(0, 2).some(isWritable),
    missing: 'a writable CPU controller of control groups version 1',
  }),
  'cgroup-v2': (): Need => ({
    met: V2_ROOTS.some((root) => isWritable(`${root}/cgroup.subtree_control`)),
    missing: `a writable tree of control groups version 2 (one of ${V2_ROOTS.join(', ')})`,
  }),
};

const CPU_CONTROLLERS = [
  '/sys/fs/cgroup/cpu/cpu.cfs_quota_us',
  '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us',
  '/sys/fs/cgroup/cgroup.subtree_control',
];

const V2_ROOTS = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'];

/**
 * Tests that need something of the machine:
 *
 *     requires('root', 'cgroup-cpu').describe('the quota of a real process', () => { … });
 *     requires('root', requires.package('nginx')).it('starves nginx', async () => { … });
 *
 * Where a need is missing they are skipped with the reason in their names; but as root on Debian, where everything can be installed, nothing
 * may be skipped: there it throws. FAULTLINE_ALLOW_SKIPS=1 lifts that, for containers that hold root back.
 */
export function requires(...needs: readonly (NeedName | Need)[]) {
  const reason = skipReason(
    needs.map((need) => (typeof need === 'string' ? NEEDS[need]() : need)),
    { isRoot: isRoot(), isDebian: isDebian(), allowSkips: process.env.FAULTLINE_ALLOW_SKIPS === '1' },
  );
  const named = (name: string): string => (reason === undefined ? name : `${name} [skipped: needs ${reason}]`);
  return {
    met: reason === undefined,
    describe: (name: string, body: () => void): void => void describe.skipIf(reason !== undefined)(named(name), body),
    it: (name: string, body: () => Promise<void> | void, timeoutMs?: number): void =>
      it.skipIf(reason !== undefined)(named(name), body, timeoutMs),
  };
}

/** A program of an operating system package, found along PATH and in the administrator's folders. */
requires.package = (name: string, program: string = name): Need => ({
  met: [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin'].some((folder) =>
    isExecutable(join(folder, program)),
  ),
  missing: `the package ${name} (apt-get install ${name})`,
});

/** Why the tests are skipped; undefined when they run. Throws where nothing may be skipped. */
export function skipReason(needs: readonly Need[], circumstances: Circumstances): string | undefined {
  const missing = needs.filter((need) => !need.met).map((need) => need.missing);
  if (missing.length === 0) return undefined;
  const { isRoot, isDebian, allowSkips } = circumstances;
  if (isRoot && isDebian && !allowSkips) {
    throw new Error(
      `as root on Debian no test is skipped, but this machine has not: ${missing.join('; ')}. ` +
        'FAULTLINE_ALLOW_SKIPS=1 skips all the same.',
    );
  }
  return missing.join(' and ');
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function isDebian(): boolean {
  return existsSync('/etc/os-release') && /^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8'));
}

function isWritable(path: string): boolean {
  return mayAccess(path, constants.W_OK);
}

function isExecutable(path: string): boolean {
  return mayAccess(path, constants.X_OK);
}

function mayAccess(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}
