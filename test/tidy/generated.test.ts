import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createDocs, exitCodeTable, fillMarks } from '../../src/lib/app/docs.ts';
import { createManifest, MANIFEST_FILE } from '../../src/lib/app/manifest.ts';
import { EXIT_CODES } from '../../src/lib/errors/exit-codes.ts';
import { ROOT } from './tree.ts';

const onDisk = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

describe('what is made from the code and committed', () => {
  it('is the manifest of the commands (npm run manifest)', async () => {
    expect(onDisk(MANIFEST_FILE)).toBe(await createManifest());
  });

  it.each(createDocs())('is $path (npm run docs)', ({ path, text }) => {
    expect(onDisk(path)).toBe(text);
  });

  it('tells every exit code, each once', () => {
    const codes = [...exitCodeTable().matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code));
    expect(codes).toEqual(Object.values(EXIT_CODES));
    expect(new Set(codes).size).toBe(codes.length);
  });
});

describe('marks in a document', () => {
  const document = 'a\n<!-- x:start -->\nold\n<!-- x:end -->\nb\n';

  it('hold what is put between them, and can be filled again', () => {
    const once = fillMarks(document, { x: 'new\n' });
    expect(once).toBe('a\n<!-- x:start -->\nnew\n<!-- x:end -->\nb\n');
    expect(fillMarks(once, { x: 'new\n' })).toBe(once);
  });

  it('are missed when one is gone', () => {
    expect(() => fillMarks('a\n<!-- x:start -->\n', { x: '' })).toThrow('no <!-- x:start -->');
  });
});

describe('the manifest', () => {
  it('leads to the built file of every command, and holds nobody’s home directory', async () => {
    const text = await createManifest();
    const { commands } = JSON.parse(text) as { commands: Record<string, { id: string; relativePath: string[] }> };
    for (const [id, command] of Object.entries(commands)) {
      expect(command.relativePath.join('/')).toBe(`dist/commands/${id.replaceAll(':', '/')}.js`);
    }
    expect(text).not.toContain(process.env.HOME);
  });

  it('has commands whose examples hold under every name of the program', async () => {
    const { commands } = JSON.parse(await createManifest()) as { commands: Record<string, { examples?: unknown[] }> };
    for (const [id, { examples = [] }] of Object.entries(commands)) {
      const named = examples.map((example) => (typeof example === 'string' ? example : JSON.stringify(example)));
      expect(
        named.filter((example) => !example.includes('<%= config.bin %> <%= command.id %>')),
        id,
      ).toEqual([]);
    }
  });
});
