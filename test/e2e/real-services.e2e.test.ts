import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { RunReport } from '../../src/lib/report/run-report.ts';
import { run } from '../support/cli.ts';
import { freePorts } from '../support/ports.ts';
import { requires } from '../support/requires.ts';
import { residueOf } from '../support/residue.ts';
import { temporaryDirectory } from '../support/temp.ts';
import { until } from '../support/until.ts';

requires('root', 'cgroup-cpu', requires.package('nginx-light', 'nginx'), requires.package('redis-server')).it(
  'nginx and Redis, as Debian ships them: faults on HTTP, on TCP and on processes, all at once, all taken back',
  async () => {
    const directory = temporaryDirectory();
    const state = join(directory, 'state');
    const [web = 0, webProxy = 0, cache = 0, cacheProxy = 0] = await freePorts(4);
    writeFileSync(
      join(directory, 'nginx.conf'),
      `daemon off; worker_processes 1; pid ${directory}/nginx.pid; error_log ${directory}/error.log;
events {}
http { access_log off; client_body_temp_path ${directory}; proxy_temp_path ${directory}; fastcgi_temp_path ${directory}; uwsgi_temp_path ${directory}; scgi_temp_path ${directory};
  server { listen 127.0.0.1:${web}; location / { return 200 "hello\\n"; } } }
`,
    );
    writeFileSync(
      join(directory, 'scenario.yaml'),
      `version: 1
name: nginx and redis
seed: 7
services:
  web:
    endpoints: 127.0.0.1:${web}
    listen: 127.0.0.1:${webProxy}
    run: { command: [nginx, -c, ${directory}/nginx.conf] }
  cache:
    protocol: tcp
    endpoints: 127.0.0.1:${cache}
    listen: 127.0.0.1:${cacheProxy}
    run: { command: [redis-server, --port, '${cache}', --save, ''] }
load: { url: 'http://127.0.0.1:${webProxy}/', rate: 200/s }
steadyState:
  - { name: web, probe: http, with: { url: 'http://127.0.0.1:${webProxy}/' }, expect: { body: { contains: hello } }, every: 200ms }
  - { name: cache, probe: tcp, with: { address: '127.0.0.1:${cacheProxy}', send: "PING\\r\\n" }, expect: { contains: PONG }, every: 200ms }
method:
  - parallel:
      - { fault: latency, id: slow-cache, target: { service: cache }, with: { delay: 100ms }, for: 2s }
      - { fault: abort, id: cut-web, target: { service: web }, with: { percent: 20% }, for: 2s }
      - { fault: cpu, id: starve-web, target: { process: { service: web } }, with: { quota: 1% }, for: 2s }
      - serial:
          - wait: 1s
          - { probe: command, name: redis-cli, with: { command: [redis-cli, -p, '${cacheProxy}', ping] }, expect: { stdout: { contains: PONG } } }
gate: [ errors after == 0%, 'errors during < 40%', 'touched.cut-web > 20' ]
timing: { before: 1s, after: 1s, hold: 500ms }
`,
    );
    const { code, stdout, stderr } = await run('chaos', [
      'run',
      join(directory, 'scenario.yaml'),
      '--json',
      '--state',
      state,
    ]);
    expect(code, stdout + stderr).toBe(0);
    const report = JSON.parse(stdout) as RunReport;
    const [slow, cut, starved] = ['slow-cache', 'cut-web', 'starve-web'].map((id) =>
      report.faults.find((fault) => fault.id === id)!,
    );
    expect((slow!.delivered.delayMs as { p50: number }).p50).toBeGreaterThanOrEqual(100);
    expect(cut!.delivered.resets).toBe(cut!.touched);
    expect(starved!.delivered.throttledPeriods).toBeGreaterThan(0);
    expect(starved!.target).toMatch(/nginx, pid \d+; nginx, pid \d+/);
    await until(
      'nothing left',
      async () => (await residueOf(report.run, [web, webProxy, cache, cacheProxy], state)).length === 0,
      2_000,
    );
  },
  60_000,
);
