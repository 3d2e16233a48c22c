import { nearest } from '../errors/nearest.ts';

/** Where a command line leads. Ids have colons (`chaos:run`), as the command library writes them. */
export type Route =
  | { readonly to: 'version' }
  /** Undefined: the help of the whole program. */
  | { readonly to: 'help'; readonly id: string | undefined }
  | { readonly to: 'command'; readonly id: string; readonly argv: readonly string[] }
  | { readonly to: 'nowhere'; readonly words: string; readonly guess: string | undefined };

export interface KnownNames {
  readonly commands: readonly string[];
  readonly topics: readonly string[];
}

const HELP_FLAGS: readonly string[] = ['--help', '-h'];
const VERSION_FLAGS: readonly string[] = ['--version', '-v'];

/** Finds the command with the longest name that the words begin with; what follows are its arguments. */
export function routeArguments(argv: readonly string[], known: KnownNames): Route {
  if (VERSION_FLAGS.includes(argv[0] ?? '')) return { to: 'version' };
  const asksHelp = argv[0] === 'help' || beforeDashes(argv).some((word) => HELP_FLAGS.includes(word));
  const rest = argv[0] === 'help' ? argv.slice(1) : argv;
  const words = leadingWords(rest);

  const command = longestKnown(words, known.commands);
  if (command) {
    if (asksHelp) return { to: 'help', id: command.id };
    return { to: 'command', id: command.id, argv: rest.slice(command.length) };
  }
  if (words.length === 0 && (asksHelp || rest.length === 0)) return { to: 'help', id: undefined };

  const topic = longestKnown(words, known.topics);
  if (topic?.length === words.length) return { to: 'help', id: topic.id };
  return nowhere(words.slice(0, (topic?.length ?? 0) + 1), rest, known);
}

function nowhere(words: readonly string[], rest: readonly string[], known: KnownNames): Route {
  const said = words.length > 0 ? words.join(' ') : (rest[0] ?? '');
  const names = [...known.commands, ...known.topics].map((id) => id.replaceAll(':', ' '));
  const within = names.filter((name) => name.split(' ').length === words.length);
  return { to: 'nowhere', words: said, guess: nearest(said, within) ?? lastWordMatch(words, names) };
}

/** `faultline run` → `chaos run`: the right verb without its topic. */
function lastWordMatch(words: readonly string[], names: readonly string[]): string | undefined {
  const last = words.at(-1);
  return last === undefined ? undefined : names.find((name) => name.endsWith(` ${last}`));
}

function longestKnown(words: readonly string[], ids: readonly string[]): { id: string; length: number } | undefined {
  for (let length = words.length; length > 0; length--) {
    const id = words.slice(0, length).join(':');
    if (ids.includes(id)) return { id, length };
  }
  return undefined;
}

function leadingWords(argv: readonly string[]): readonly string[] {
  const end = argv.findIndex((word) => word.startsWith('-'));
  return end === -1 ? argv : argv.slice(0, end);
}

function beforeDashes(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf('--');
  return end === -1 ? argv : argv.slice(0, end);
}
