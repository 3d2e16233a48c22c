import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { scenarioKinds } from '../../../src/lib/app/open-scenario.ts';
import { parseScenario } from '../../../src/lib/scenario/load.ts';
import { createTimeline } from '../../../src/lib/scenario/plan.ts';
import { ROOT } from '../../support/cli.ts';

/** The YAML blocks of a page that are whole scenarios. */
function scenariosOf(page: string): string[] {
  const text = readFileSync(join(ROOT, page), 'utf8');
  return [...text.matchAll(/```yaml\n([\s\S]*?)```/g)]
    .map(([, block = '']) => block)
    .filter((block) => /^version: 1$/m.test(block));
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
