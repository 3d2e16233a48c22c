import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { openScenario } from '../../../src/lib/app/open-scenario.ts';
import { DEMO_DIRECTORY } from './demo-services.ts';

const read = (file: string): string => readFileSync(`${DEMO_DIRECTORY}${file}`, 'utf8');
const files = ['scenario.yaml', 'no-fallback.yaml'] as const;

describe('the demo files', () => {
  it('differ in name, description and the fallback, and in nothing else', () => {
    const [passing, failing] = files.map((file) => sections(read(file)));
    expect(passing).toEqual(failing);
    expect(read('scenario.yaml')).toContain("FALLBACK: 'on'");
    expect(read('no-fallback.yaml')).toContain("FALLBACK: 'off'");
  });

  it.each(files)('%s has all three families of faults', (file) => {
    expect([...faultsOf((parse(read(file)) as { method: unknown }).method)].sort()).toEqual([
      'cpu',
      'error',
      'latency',
    ]);
  });

  it.each(files)('%s is free of mistakes, and its last fault ends after 18 s', (file) => {
    expect(openScenario(`${DEMO_DIRECTORY}${file}`, {}).timeline.endMs).toBe(18_000);
  });

  it.each(files)('%s tells editors its schema in the first line', (file) => {
    expect(read(file).split('\n')[0]).toBe('# yaml-language-server: $schema=../../docs/scenario.schema.json');
  });
});

/** The text but for what tells the two files apart. */
function sections(text: string): string {
  return text
    .replace(/^name: .*$/m, '')
    .replace(/^description: >-\n(?: {2}.*\n)+/m, '')
    .replace(/FALLBACK: '\w+'/, '');
}

function faultsOf(node: unknown): Set<string> {
  if (Array.isArray(node)) return new Set(node.flatMap((step) => [...faultsOf(step)]));
  if (typeof node !== 'object' || node === null) return new Set();
  const here = 'fault' in node && typeof node.fault === 'string' ? [node.fault] : [];
  return new Set([...here, ...Object.values(node).flatMap((value) => [...faultsOf(value)])]);
}
