import { writeFileSync, readFileSync, mkdirSync } from 'node:fs';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Diagnosis } from '../../src/lib/app/diagnose.ts';
import type { RunEvent } from '../../src/lib/events/run-events.ts';
import type { RunReport } from '../../src/lib/report/run-report.ts';
import { ROOT, run, start, type Finished, type Running } from '../support/cli.ts';
import { freePorts } from '../support/ports.ts';
import { requires } from '../support/requires.ts';
import { residueOf } from '../support/residue.ts';
import { temporaryDirectory } from '../support/temp.ts';
import { until } from '../support/until.ts';

const FIXTURES = join(import.meta.dirname, 'fixtures');

interface Bench {
  readonly state: string;
  readonly file: string;
  readonly port: number;
  readonly proxyPort: number;
  readonly args: readonly string[];
}

/** A scenario around the echo server; `parts` are further lines of YAML, `service` further lines of its service. */
async function scenario(parts: string, service = ''): Promise<Bench> {
  const directory = temporaryDirectory();
  const state = join(directory, 'state');
  const [port = 0, proxyPort = 0] = await freePorts(2);
  const file = join(directory, 'scenario.yaml');
  writeFileSync(
    file,
    `version: 1
name: bench
services:
  echo:
    endpoints: http://127.0.0.1:${port}
    listen: 127.0.0.1:${proxyPort}
    run:
      command: ['\${FAULTLINE_NODE}', ${join(FIXTURES, 'echo-server.ts')}, '${port}', ${join(directory, 'seen')}]
      stopGrace: 1s
${service}
steadyState:
  - { name: up, probe: http, with: { url: 'http://127.0.0.1:${proxyPort}/health' }, every: 100ms, timeout: 1s }
timing: { before: 300ms, hold: 200ms, after: 300ms, recoverWithin: 3s }
${parts}`,
  );
  return { state, file, port, proxyPort, args: ['run', file, '--state', state] };
}

const load = (rate: string, proxyPort = '${PROXY}'): string =>
  `load: { url: 'http://127.0.0.1:${proxyPort}/work', rate: ${rate}, timeout: 2s }`;
const LATENCY = '  - { fault: latency, target: { service: echo }, with: { delay: 5ms }, for: 500ms }';

async function withLoad(rate: string, rest: string): Promise<Bench> {
  const bench = await scenario(`${load(rate)}\n${rest}`);
  return { ...bench, args: [...bench.args, '--var', `PROXY=${bench.proxyPort}`] };
}

const report = ({ stdout }: Finished): RunReport => JSON.parse(stdout) as RunReport;

async function expectNothingLeft(bench: Bench, id: string): Promise<void> {
  await until(
    'nothing left',
    async () => (await residueOf(id, [bench.port, bench.proxyPort], bench.state)).length === 0,
    2_000,
  );
}

/** Starts a long run and resolves once its fault is in force. */
async function untilInForce(bench: Bench): Promise<{ running: Running; id: string; events: RunEvent[] }> {
  const running = start('chaos', [...bench.args, '--events', 'ndjson']);
  const events: RunEvent[] = [];
  running.onLine((line) => events.push(JSON.parse(line) as RunEvent));
  await until('the fault is in force', () =>
    events.some((event) => event.type === 'step.done' && event.subject === 'fault'),
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}: ${running.stderr()} ${running.stdout()}`);
  });
  return { running, events, id: events[0]?.run ?? '' };
}

describe('chaos run', () => {
  it('passes with exit 0 and prints one object with everything that is promised', async () => {
    const bench = await withLoad('50/s', `method:\n${LATENCY}\ngate: [ 'http.p99 during < 1s', 'errors < 1%' ]`);
    const finished = await run('chaos', [...bench.args, '--json']);
    expect(finished.code, finished.stdout + finished.stderr).toBe(0);
    const result = report(finished);
    expect(result).toMatchObject({ verdict: 'passed', exitCode: 0, recoveryMs: 0, reasons: [], inForce: [] });
    expect(result.phases.map(({ phase }) => phase)).toEqual(['before', 'during', 'after']);
    expect(result.faults).toMatchObject([
      { id: 'latency-1', kind: 'latency', target: 'service echo', requested: { delayMs: 5 } },
    ]);
    const [fault] = result.faults;
    expect(fault?.touched).toBeGreaterThan(20);
    expect(fault?.decisions.hit).toBe(fault?.decisions.seen);
    expect(fault?.decisions.digest).toMatch(/^[0-9a-f]+$/);
    expect(result.probes).toMatchObject([{ name: 'up', kind: 'http' }]);
    expect(result.gate.map(({ held }) => held)).toEqual([true, true]);
    await expectNothingLeft(bench, result.run);
    // The same report comes from the journal alone.
    const shown = await run('chaos', ['show', result.run, '--json', '--state', bench.state]);
    expect(report(shown)).toEqual(result);
  });

  it('fails with exit 1, and says which threshold broke, when, and by how much', async () => {
    const bench = await withLoad(
      '50/s',
      `method:\n  - { fault: error, target: { service: echo }, with: { status: 503, match: { path: /work } }, for: 1200ms }\ngate: [ 'errors during < 1%' ]`,
    );
    const finished = await run('chaos', [...bench.args, '--plain']);
    expect(finished.code).toBe(1);
    expect(finished.stdout).toMatch(/✗ FAILED bench \(exit 1\)/);
    expect(finished.stdout).toMatch(
      /errors during < 1%: measured [\d.]+%, [\d.]+ percentage points over the limit; first broken at \+[\d.]+s, in \d+ s in all, worst [\d.]+% at .* \(in force: error-1\)/,
    );
  });

  it('refuses with exit 2 a file with mistakes, and starts nothing', async () => {
    const bench = await scenario('method:\n  - { fault: latencyy, target: { service: echo }, for: 1s }');
    const finished = await run('chaos', bench.args);
    expect(finished.code).toBe(2);
    expect(finished.stderr).toMatch(/scenario\.yaml:\d+:\d+ .*latencyy.*latency/);
    expect((await run('chaos', ['list', '--state', bench.state])).stdout).toBe('No runs yet.\n');
  });

  it('ends with exit 2 when its ports are taken, and says by whom', async () => {
    const bench = await scenario(`method:\n${LATENCY}`);
    const server = createServer().listen(bench.port, '127.0.0.1');
    onTestFinished(() => void server.close());
    const finished = await run('chaos', [...bench.args, '--plain']);
    expect(finished.code).toBe(2);
    expect(finished.stdout).toContain(`listens on 127.0.0.1:${bench.port} already`);
    expect(finished.stdout).toContain(`process ${process.pid}`);
  });

  it('ends with exit 3 when it is not healthy before, and injects nothing', async () => {
    const bench = await scenario(`method:\n${LATENCY}`);
    const broken = readFileSync(bench.file, 'utf8').replace('every: 100ms', 'expect: { status: 404 }, every: 100ms');
    writeFileSync(bench.file, broken);
    const finished = await run('chaos', [...bench.args, '--json']);
    expect(finished.code).toBe(3);
    expect(report(finished)).toMatchObject({
      verdict: 'invalid',
      exitCode: 3,
      faults: [],
      reasons: ['up: status 200 is not in 404'],
    });
    await expectNothingLeft(bench, report(finished).run);
  });

  it('ends with exit 3 and the last output of a service that does not start', async () => {
    const bench = await scenario(`method:\n${LATENCY}`);
    writeFileSync(
      bench.file,
      readFileSync(bench.file, 'utf8').replace(/command: .*/, 'command: "echo cannot find my database >&2; exit 7"'),
    );
    const finished = await run('chaos', [...bench.args, '--plain']);
    expect(finished.code).toBe(3);
    expect(finished.stdout).toContain('it exited with code 7');
    expect(finished.stdout).toContain('cannot find my database');
  });

  it('ends with exit 4 when a fault touched nothing', async () => {
    const bench = await scenario(
      `method:\n  - { fault: error, target: { service: echo }, with: { match: { path: /never } }, for: 300ms }`,
    );
    const finished = await run('chaos', [...bench.args, '--json']);
    expect(finished.code).toBe(4);
    expect(report(finished).reasons[0]).toMatch(/^fault error-1 touched nothing: /);
  });

  it('ends with exit 6 when a guard trips, with everything reverted', async () => {
    const bench = await withLoad(
      '50/s',
      `method:\n  - { fault: error, target: { service: echo }, for: 20s }\nguards: [ { when: errors > 50%, for: 500ms } ]`,
    );
    const finished = await run('chaos', [...bench.args, '--json']);
    expect(finished.code).toBe(6);
    expect(report(finished)).toMatchObject({ verdict: 'aborted', inForce: [] });
    expect(report(finished).durationMs).toBeLessThan(10_000);
    await expectNothingLeft(bench, report(finished).run);
  });

  it('ends with exit 6 when it takes longer than --timeout', async () => {
    const bench = await withLoad(
      '20/s',
      `method:\n  - { fault: latency, target: { service: echo }, with: { delay: 5ms }, for: 20s }`,
    );
    const finished = await run('chaos', [...bench.args, '--json', '--timeout', '1500ms']);
    expect(finished.code).toBe(6);
    expect(report(finished)).toMatchObject({ verdict: 'aborted', inForce: [] });
  });

  it.each([
    ['SIGINT', 1],
    ['SIGINT', 2],
    ['SIGTERM', 1],
    ['SIGHUP', 1],
  ] as const)('reverts on %s (%d times), and ends with exit 130', async (signal, times) => {
    const bench = await withLoad(
      '20/s',
      `method:\n  - { fault: latency, target: { service: echo }, with: { delay: 5ms }, for: 60s }`,
    );
    const { running, id, events } = await untilInForce(bench);
    for (let i = 0; i < times; i++) running.child.kill(signal);
    const { code } = await running.finished;
    expect(code).toBe(130);
    expect(events.at(-1)).toMatchObject({
      type: 'run.ended',
      verdict: 'aborted',
      exitCode: 130,
      reasons: [`interrupted by ${signal}`],
    });
    await expectNothingLeft(bench, id);
  });

  it('reverts when nobody reads its output any more', async () => {
    const bench = await withLoad('20/s', `method:\n${LATENCY}`);
    const { running, id } = await untilInForce(bench);
    running.child.stdout?.destroy();
    expect((await running.finished).code).toBe(0);
    await expectNothingLeft(bench, id);
  });

  it('is not held up by a reader that takes nothing', async () => {
    const bench = await withLoad(
      '20/s',
      `method:\n  - { fault: latency, id: slow, target: { service: echo }, with: { delay: 5ms }, for: 1s }`,
    );
    // Ten probes every 2 ms say far more than the 64 KiB that a pipe holds, to a reader that sleeps for longer than the run.
    const probes = Array.from(
      { length: 10 },
      (_, n) => `  - { name: p${n}, probe: tcp, with: { address: '127.0.0.1:${bench.proxyPort}' }, every: 2ms }`,
    );
    writeFileSync(
      bench.file,
      readFileSync(bench.file, 'utf8').replace('steadyState:', `steadyState:\n${probes.join('\n')}`),
    );
    const script = `node ${join(ROOT, 'bin', 'chaos.js')} ${bench.args.join(' ')} --events ndjson | (sleep 8; cat > /dev/null)`;
    const shell = spawn('bash', ['-c', script], {
      env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` },
    });
    onTestFinished(() => void shell.kill('SIGKILL'));
    await until(
      'the run has ended while its reader sleeps',
      async () => {
        const { stdout } = await run('chaos', ['list', '--json', '--state', bench.state]);
        return (JSON.parse(stdout) as { state: string }[]).some(({ state }) => state === 'ended');
      },
      7_000,
    );
    await once(shell, 'exit');
    expect(shell.exitCode).toBe(0);
    const events = await run('chaos', ['show', '--events', '--state', bench.state]);
    expect(events.code).toBe(0);
  });

  it('is shown by other processes while it goes on, and stopped by a rollback that names it', async () => {
    const bench = await withLoad(
      '20/s',
      `method:\n  - { fault: latency, target: { service: echo }, with: { delay: 5ms }, for: 60s }`,
    );
    const { running, id } = await untilInForce(bench);
    const shown = await run('chaos', ['show', '--json', '--state', bench.state]);
    expect(report(shown)).toMatchObject({
      run: id,
      verdict: 'running',
      inForce: [expect.stringContaining('latency-1') as string, expect.stringContaining('echo') as string],
    });
    expect((await run('chaos', ['rollback', '--state', bench.state])).stdout).toContain('still running; left alone');
    // In force on purpose, also to somebody who keeps runs elsewhere.
    const doctor = await run('run', ['doctor', '--residue', '--json', '--state', join(bench.state, '..', 'elsewhere')]);
    const ours = (JSON.parse(doctor.stdout) as Diagnosis).residue?.filter((row) => row.run === id) ?? [];
    expect(ours.length).toBeGreaterThan(0);
    expect(ours.every(({ live }) => live)).toBe(true);
    expect((await run('chaos', ['rollback', id, '--state', bench.state])).code).toBe(0);
    expect((await running.finished).code).toBe(130);
    await expectNothingLeft(bench, id);
  });

  it('hurts the very same requests with the same seed, and others with another', async () => {
    const failed = async (seed: string): Promise<Set<string>> => {
      const bench = await withLoad(
        '100/s',
        `method:\n  - { fault: error, target: { service: echo }, with: { percent: 30%, match: { path: /work } }, for: 2s }`,
      );
      const finished = await run('chaos', [...bench.args, '--json', '--seed', seed]);
      expect(finished.code, finished.stdout + finished.stderr).toBe(0);
      const reached = new Set(
        readFileSync(join(bench.file, '..', 'seen'), 'utf8')
          .trim()
          .split('\n'),
      );
      // Requests that surely were sent while the fault was in force: it begins about 0.3 s after the load.
      return new Set(Array.from({ length: 150 }, (_, index) => String(60 + index)).filter((key) => !reached.has(key)));
    };
    const [first, second, other] = [await failed('42'), await failed('42'), await failed('43')];
    expect(first.size).toBeGreaterThan(25);
    expect(first.size).toBeLessThan(65);
    expect([...second]).toEqual([...first]);
    expect([...other]).not.toEqual([...first]);
  }, 60_000);

  it('never shows, records or exports a secret', async () => {
    const secret = 'hunter2-very-secret';
    const bench = await scenario(
      `variables: { API_KEY: { secret: true } }\nload: { url: 'http://127.0.0.1:\${PROXY}/work', rate: 20/s, headers: { authorization: 'Bearer \${API_KEY}' } }\nmethod:\n${LATENCY}`,
      `    # env follows\n`,
    );
    const finished = await run('chaos', [...bench.args, '--var', `PROXY=${bench.proxyPort}`, '--events', 'ndjson'], {
      env: { API_KEY: secret },
    });
    expect(finished.code, finished.stdout + finished.stderr).toBe(0);
    expect(finished.stdout + finished.stderr).not.toContain(secret);
    for (const name of ['journal.db', 'journal.db-wal']) {
      const bytes = readFileSync(join(bench.state, name), { flag: 'a+' });
      expect(bytes.includes(secret), name).toBe(false);
    }
    const plan = await run('chaos', ['plan', bench.file, '--var', `PROXY=${bench.proxyPort}`], {
      env: { API_KEY: secret },
    });
    expect(plan.stdout + plan.stderr).not.toContain(secret);
  });

  it('shows what it would touch without touching it', async () => {
    const bench = await scenario(
      `method:\n${LATENCY}\n  - { fault: cpu, target: { process: { pid: ${process.pid} } }, with: { quota: 50% }, for: 1s }`,
    );
    const refused = await run('chaos', ['plan', bench.file]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(`pid ${process.pid}`);
    const planned = await run('chaos', [...bench.args, '--dry-run', '--json', '--yes']);
    expect(planned.code, planned.stdout + planned.stderr).not.toBe(0);
    expect((await run('chaos', ['list', '--state', bench.state])).stdout).toBe('No runs yet.\n');
  });
});

requires('root').describe('a disk that is full', () => {
  /** A file system of its own, small enough to be filled. */
  function smallDisk(): string {
    const directory = temporaryDirectory();
    const mount = join(directory, 'disk');
    mkdirSync(mount);
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', mount]).status).toBe(0);
    onTestFinished(() => void spawnSync('umount', ['-l', mount]));
    return mount;
  }
  const fill = (mount: string): void => void spawnSync('dd', ['if=/dev/zero', `of=${join(mount, 'filler')}`, 'bs=4k']);

  it('before the run: refuses with exit 4 and starts nothing', async () => {
    const bench = await scenario(`method:\n${LATENCY}`);
    const mount = smallDisk();
    fill(mount);
    const finished = await run('chaos', ['run', bench.file, '--state', join(mount, 'state')]);
    expect(finished.code).toBe(4);
    expect(finished.stderr).toContain('disk is full');
    expect(await residueOf('2', [bench.port, bench.proxyPort], bench.state)).toEqual([]);
  });

  it('in the middle of the run: injects nothing more, and reverts what is in force', async () => {
    const bench = await withLoad(
      '20/s',
      `method:\n  - { fault: latency, target: { service: echo }, with: { delay: 5ms }, for: 60s }\n  - { fault: abort, id: later, target: { service: echo }, with: { percent: 1% }, at: 61s, for: 1s }`,
    );
    const mount = smallDisk();
    const { running, id, events } = await untilInForce({
      ...bench,
      args: bench.args.map((arg) => (arg === bench.state ? join(mount, 'state') : arg)),
    });
    fill(mount);
    const { code } = await running.finished;
    expect(code, running.stderr()).toBe(4);
    expect(events.at(-1)).toMatchObject({ type: 'run.ended', verdict: 'invalid' });
    expect(JSON.stringify(events.at(-1))).toContain('disk is full');
    await expectNothingLeft(bench, id);
    // With room again, the next command finishes the run in the journal.
    spawnSync('rm', [join(mount, 'filler')]);
    expect((await run('chaos', ['rollback', '--state', join(mount, 'state')])).code).toBe(0);
    const list = JSON.parse((await run('chaos', ['list', '--json', '--state', join(mount, 'state')])).stdout) as {
      state: string;
    }[];
    expect(list.map((each) => each.state)).toEqual(['ended']);
  });
});
