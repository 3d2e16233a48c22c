import { join } from 'node:path';
import { Plugin } from '@oclif/core/config';
import type { Interfaces } from '@oclif/core';
import { packageRoot } from '../runtime/entry.ts';
import { readText } from '../runtime/files.ts';

export const MANIFEST_FILE = 'oclif.manifest.json';

/**
 * The manifest of all commands, made from their sources: what the start-up reads instead of every command file. Same sources, same text.
 * Imports every command.
 */
export async function createManifest(): Promise<string> {
  const root = packageRoot();
  const pjson = JSON.parse(readText(join(root, 'package.json'))) as Interfaces.PJSON;
  const plugin = new Plugin({
    isRoot: true,
    root,
    pjson: { ...pjson, oclif: { ...pjson.oclif, commands: './src/commands' } },
    ignoreManifest: true,
    errorOnManifestCreate: true,
    respectNoCacheDefault: true,
  });
  await plugin.load();
  const { commands } = plugin.manifest as { commands: Record<string, { relativePath?: string[] }> };
  const built = Object.entries(commands)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, command]) => [id, { ...command, relativePath: builtPath(command.relativePath ?? []) }] as const);
  return `${JSON.stringify({ commands: Object.fromEntries(built), version: pjson.version }, undefined, 2)}\n`;
}

/** `src/commands/chaos/run.ts` → `dist/commands/chaos/run.js`, as path segments. */
function builtPath(source: readonly string[]): string[] {
  return ['dist', ...source.slice(1)].map((segment) => segment.replace(/\.ts$/, '.js'));
}
