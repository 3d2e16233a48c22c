import { BIN_SUMMARIES, type BinName, MAIN_BIN } from './bin-view.ts';

/** What the overview needs of a command; the id is the one that the program knows it by. */
export interface CommandLine {
  readonly id: string;
  readonly summary?: string | undefined;
  readonly hidden?: boolean | undefined;
}

export type TopicDescriptions = Readonly<Record<string, { readonly description: string }>>;

/**
 * The overview of a program: its topics with their verbs, then its commands. Made at build time, so that it is printed without loading
 * anything. Headings are lines in capitals; `bin/launch.js` makes them bold on a terminal.
 */
export function formatRootHelp(bin: BinName, all: readonly CommandLine[], topics: TopicDescriptions): string {
  const commands = all.filter((command) => command.hidden !== true);
  const topicRows = Object.entries(topics).flatMap(([topic, { description }]) => {
    const verbs = commands.filter(({ id }) => id.startsWith(`${topic}:`)).map(({ id }) => id.slice(topic.length + 1));
    return verbs.length === 0
      ? []
      : [
          [topic, description],
          ['', verbs.map(spaced).join(' · ')],
        ];
  });
  const commandRows = commands
    .filter(({ id }) => bin !== MAIN_BIN || !id.includes(':'))
    .map(({ id, summary }) => [spaced(id), summary ?? '']);
  return [
    BIN_SUMMARIES[bin],
    section('USAGE', [[`$ ${bin} COMMAND`]]),
    section('TOPICS', topicRows),
    section('COMMANDS', commandRows),
    `\`${bin} COMMAND --help\` shows what a command takes.\n`,
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function section(heading: string, rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const width = Math.max(...rows.map(([left = '']) => left.length));
  return [heading, ...rows.map(([left = '', right = '']) => `  ${left.padEnd(width)}  ${right}`.trimEnd())].join('\n');
}

function spaced(id: string): string {
  return id.replaceAll(':', ' ');
}
