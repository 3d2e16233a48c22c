import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { PlanReport } from '../../../src/lib/app/plan-run.ts';
import { ROOT, run } from '../../support/cli.ts';
import { requires } from '../../support/requires.ts';
import { temporaryDirectory } from '../../support/temp.ts';

const DEMO = join(ROOT, 'scenarios', 'checkout', 'scenario.yaml');

function scenarioWith(method: string): string {
  const file = join(temporaryDirectory(), 'scenario.yaml');
  writeFileSync(file, `version: 1\nname: plan\nmethod:\n${method}\n`);
  return file;
}

describe('chaos plan', () => {
  it('shows listeners, windows, parameters and the undo of every fault of the demo', async () => {
    const { code, stdout } = await run('chaos', ['plan', DEMO]);
    expect(code).toBe(0);
    for (const text of [
      'proxy 127.0.0.1:7313 → 127.0.0.1:7303',
      'slow-payments',
      '"percent":"50%"',
      'remove filter latency',
      'Nothing was touched.',
    ]) {
      expect(stdout).toContain(text);
    }
  });

  it('is also the dry run', async () => {
    const [plan, dryRun] = await Promise.all([
      run('chaos', ['plan', DEMO, '--json']),
      run('chaos', ['run', DEMO, '--dry-run', '--json']),
    ]);
    const withoutPid = (text: string) => text.replaceAll(/process \d+/g, 'process N');
    expect(withoutPid(dryRun.stdout)).toBe(withoutPid(plan.stdout));
  });

  it('refuses init, itself and what started it, whatever is said', async () => {
    for (const pid of [1, process.pid]) {
      const { code, stderr } = await run('chaos', [
        'plan',
        scenarioWith(`  - { fault: cpu, target: { process: { pid: ${pid} } }, with: { quota: 50% }, for: 1s }`),
        '--yes',
      ]);
      expect(code).toBe(2);
      expect(stderr).toContain(`pid ${pid}`);
    }
  });

  it('wants --yes or the allow-list for the host', async () => {
    const file = scenarioWith('  - { fault: cpu, target: host, with: { load: 5%, cores: 1 }, for: 1s }');
    const refused = await run('chaos', ['plan', file]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('--yes');
    expect((await run('chaos', ['plan', file, '--yes'])).code).toBe(0);
    const config = temporaryDirectory();
    const { mkdirSync } = await import('node:fs');
    mkdirSync(join(config, 'faultline'));
    writeFileSync(join(config, 'faultline', 'allow.yaml'), 'host: true\n');
    expect((await run('chaos', ['plan', file], { env: { XDG_CONFIG_HOME: config } })).code).toBe(0);
  });

  requires('root', 'cgroup-cpu').it(
    'names the processes that it found, with pid and program, and touches none',
    async () => {
      const target = spawn('sleep', ['60']);
      onTestFinished(() => void target.kill('SIGKILL'));
      await once(target, 'spawn');
      const file = scenarioWith(
        `  - { fault: cpu, id: starve, target: { process: { pid: ${target.pid} } }, with: { quota: 50% }, for: 1s }`,
      );
      const { code, stdout } = await run('chaos', ['plan', file, '--yes', '--json']);
      expect(code).toBe(0);
      const [fault] = (JSON.parse(stdout) as PlanReport).faults;
      expect(fault).toMatchObject({
        id: 'starve',
        problem: null,
        found: `process ${target.pid} (sleep, pid ${target.pid})`,
      });
      expect(fault?.undo).toContain('back to control group');
    },
  );
});
