import { describe, expect, it } from 'vitest';
import { run } from '../../support/cli.ts';

describe('faultline scenario schema', () => {
  it('prints a JSON Schema that knows every fault and probe', async () => {
    const { code, stdout } = await run('run', ['scenario', 'schema']);
    expect(code).toBe(0);
    const schema = JSON.parse(stdout) as { $schema: string; properties: Record<string, unknown> };
    expect(schema.$schema).toContain('2020-12');
    expect(Object.keys(schema.properties)).toEqual(
      expect.arrayContaining(['version', 'name', 'services', 'load', 'steadyState', 'method', 'guards', 'gate']),
    );
    for (const kind of ['latency', 'error', 'abort', 'cpu', 'http', 'tcp', 'command', 'process'])
      expect(stdout).toContain(`"${kind}"`);
  });

  it('prints that of faultline.yaml, with the faults on services only', async () => {
    const { code, stdout } = await run('run', ['scenario', 'schema', '--proxy']);
    expect(code).toBe(0);
    const schema = JSON.parse(stdout) as { properties: Record<string, unknown> };
    expect(Object.keys(schema.properties)).toEqual(['version', 'seed', 'variables', 'metrics', 'api', 'services']);
    expect(stdout).toContain('"latency"');
    expect(stdout).not.toContain('"cpu"');
  });
});
