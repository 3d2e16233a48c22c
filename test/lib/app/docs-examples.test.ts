import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { scenarioKinds } from '../../../src/lib/app/open-scenario.ts';
import { openProxy } from '../../../src/lib/proxy/proxy.ts';
import { realClock } from '../../../src/lib/runtime/clock.ts';
import { parseScenario } from '../../../src/lib/scenario/load.ts';
import { createTimeline } from '../../../src/lib/scenario/plan.ts';
import { parseProxyFile, proxyFileSchema } from '../../../src/lib/scenario/proxy-file.ts';
import { ROOT } from '../../support/cli.ts';

/** The YAML blocks of a page that are whole scenarios. */
function scenariosOf(page: string): string[] {
  const text = readFileSync(join(ROOT, page), 'utf8');
  return [...text.matchAll(/```yaml\n([\s\S]*?)```/g)]
    .map(([, block = '']) => block)
    .filter((block) => /^version: 1(?: |$)/m.test(block));
}

/** Those that are parts of a proxy's file; a whole one has its version. */
function proxyFilesOf(page: string): string[] {
  const text = readFileSync(join(ROOT, page), 'utf8');
  const blocks = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, block = '']) => block);
  return blocks.map((block) => (/^version: 1/m.test(block) ? block : `version: 1\n${block}`));
}

describe('the scenarios in the documentation', () => {
  it.each(['README.md', 'docs/scenario.md'])('of %s are valid', (page) => {
    const scenarios = scenariosOf(page);
    expect(scenarios.length).toBeGreaterThan(0);
    for (const text of scenarios) {
      const scenario = parseScenario(text, { file: page, directory: ROOT, kinds: scenarioKinds(), env: {} });
      expect(createTimeline(scenario).faults.length).toBeGreaterThan(0);
    }
  });
});

describe('the page about the proxy', () => {
  const page = 'docs/proxy.md';
  const options = { file: page, directory: ROOT, kinds: scenarioKinds(), env: {} };

  it('has examples that are valid, the first with every key', () => {
    const [whole = '', ...parts] = proxyFilesOf(page).map((text) => parseProxyFile(text, options));
    expect(parts.length).toBeGreaterThan(2);
    expect(whole).toMatchObject({ seed: 42, metrics: { port: 9474 } });
    const { shape } = proxyFileSchema(options.kinds);
    for (const key of Object.keys(shape)) expect(proxyFilesOf(page)[0]).toMatch(new RegExp(`^${key}:`, 'm'));
  });

  it('names every metric that there is', async () => {
    const proxy = openProxy({ clock: realClock });
    onTestFinished(() => proxy.close());
    const upstreams = [{ host: '127.0.0.1', port: 1 }];
    await proxy.listen({ service: 's', protocol: 'http', listen: { host: '127.0.0.1', port: 0 }, upstreams });
    proxy.addFilter({ service: 's', id: 'f', kind: 'latency', params: { delay: '1ms' }, seed: 1 });
    const names = [...proxy.metricsText().matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name);
    expect(names.length).toBeGreaterThan(10);
    const text = readFileSync(join(ROOT, page), 'utf8');
    expect(names.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
  });
});
