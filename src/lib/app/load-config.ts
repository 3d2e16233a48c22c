import { join } from 'node:path';
import { Config, Plugin } from '@oclif/core/config';
import type { Interfaces } from '@oclif/core';
import { readText } from '../runtime/files.ts';
import { packageRoot } from '../runtime/entry.ts';
import { type BinName, commandsWithin, MAIN_BIN } from './bin-view.ts';

/**
 * The command library's configuration, from the committed manifest: no command file is opened for it. A program named after a topic gets
 * that topic's commands only, under their short names, so that help, usage and suggestions are right by themselves.
 */
export async function loadConfig(bin: BinName): Promise<Config> {
  const root = packageRoot();
  const pjson = loadPackage(root);
  const plugin = new Plugin({ isRoot: true, root, pjson });
  await plugin.load();
  plugin.commands = commandsWithin(bin, plugin.commands).map((command) => ({
    ...command,
    load: async () => Object.assign(await command.load(), { id: command.id }),
  }));
  pjson.oclif.bin = bin;
  pjson.oclif.topics = topicsWithin(bin, pjson.oclif.topics ?? {}, plugin.commands);
  return Config.load({ root, plugins: new Map([[plugin.name, plugin]]) });
}

type Topics = NonNullable<Interfaces.PJSON['oclif']['topics']>;

/** The topics that have commands: one without any is a name kept for later. */
function topicsWithin(bin: BinName, topics: Topics, commands: readonly { readonly id: string }[]): Topics {
  if (bin !== MAIN_BIN) return {};
  return Object.fromEntries(
    Object.entries(topics).filter(([topic]) => commands.some(({ id }) => id.startsWith(`${topic}:`))),
  );
}

function loadPackage(root: string): Interfaces.PJSON {
  return JSON.parse(readText(join(root, 'package.json'))) as Interfaces.PJSON;
}
