import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { entryFile, isBundled, packageRoot } from '../../../src/lib/runtime/entry.ts';

describe('entryFile', () => {
  it('finds the package from the source', () => {
    expect(existsSync(`${packageRoot()}/package.json`)).toBe(true);
    expect(isBundled()).toBe(false);
  });

  it.each(['cpu-worker', 'guardian', 'journal-writer', 'load-generator'] as const)(
    'names the source of %s when not bundled',
    (name) => {
      expect(entryFile(name)).toBe(`${packageRoot()}/src/lib/app/entries/${name}.ts`);
    },
  );
});
