import { matchesGlob, posix } from 'node:path';
import { AppError } from '../../errors/app-error.ts';

/**
 * Which files are meant. The patterns are those of `path.matchesGlob`: `**`, `*`, `?`, `[a-z]`, `[!a-z]`, `{a,b}`; `[*]` is a plain `*`. Names that begin with
 * a dot are matched only by a pattern that says the dot. A path to something that exists is taken as it is written, whatever
 * characters it holds; a directory stands for everything below it.
 */
export interface Selection {
  /** Where the search begins: paths without wildcards, which need not exist. */
  readonly roots: readonly string[];
  readonly selects: (path: string) => boolean;
  /** Whether something below that directory can be selected, so that it is worth a look. */
  readonly mayHold: (directory: string) => boolean;
}

export interface SelectionPorts {
  /** Relative patterns begin here. */
  readonly workingDirectory: string;
  readonly kindOf: (path: string) => 'directory' | 'other' | undefined;
}

/** Whether a path is meant, and how far down a directory is. */
type Pattern = Pick<Selection, 'selects' | 'mayHold'> & { readonly root: string };

/** More patterns than this are a list of files, which belongs in directories; every name is held against each of them. */
const MAX_PATTERNS = 1_000;
const MAGIC = /[*?[\]{}()!+@]/;

/** Throws AppError `usage` for a pattern that can select nothing. */
export function parseSelection(
  include: readonly string[],
  exclude: readonly string[],
  { workingDirectory, kindOf }: SelectionPorts,
): Selection {
  if (include.length === 0)
    throw new AppError('usage', 'no path to follow', { hint: 'name files, directories or patterns' });
  if (include.length + exclude.length > MAX_PATTERNS) {
    throw new AppError('usage', `${include.length + exclude.length} patterns, at most ${MAX_PATTERNS} are taken`, {
      hint: 'name directories, or patterns with * in quotes so that the shell leaves them alone',
    });
  }
  const patterns = include.map((text) => parsePattern(absolute(text, workingDirectory), kindOf));
  const isExcluded = parseExclusions(exclude, workingDirectory);
  return {
    roots: [...new Set(patterns.map(({ root }) => root))],
    selects: (path) => patterns.some((pattern) => pattern.selects(path)) && !isExcluded(path),
    mayHold: (directory) => patterns.some((pattern) => pattern.mayHold(directory)) && !isExcluded(directory),
  };
}

function parsePattern(path: string, kindOf: SelectionPorts['kindOf']): Pattern {
  switch (kindOf(path)) {
    case 'directory':
      return everythingBelow(path);
    case 'other':
      return exactly(path);
    case undefined:
      if (!MAGIC.test(path)) return exactly(path);
      // `matchesGlob` takes a backslash for a slash, on every system.
      if (!path.includes('\\')) return globbed(path);
      throw new AppError('usage', `the pattern ${path} holds a backslash`, { hint: 'write [*] for a plain *' });
  }
}

/** A file, or, if it comes into being as a directory, everything below it. */
function exactly(path: string): Pattern {
  const { mayHold, selects } = everythingBelow(path);
  return { root: posix.dirname(path), selects: (other) => other === path || selects(other), mayHold };
}

function everythingBelow(directory: string): Pattern {
  // Whatever the directory itself is called, what is hidden in it stays so.
  const selects = (path: string): boolean =>
    isBelow(path, directory) && matchesGlob(path.slice(directory.length).replace(/^\//, ''), '**');
  return {
    root: directory,
    selects,
    mayHold: (path) => path === directory || isBelow(directory, path) || selects(path),
  };
}

function globbed(pattern: string): Pattern {
  const segments = pattern.split('/');
  const root =
    segments
      .slice(
        0,
        segments.findIndex((segment) => MAGIC.test(segment)),
      )
      .join('/') || '/';
  const leads = leadsOf(segments);
  return {
    root,
    selects: (path) => matchesGlob(path, pattern),
    mayHold: (directory) => {
      if (isBelow(root, directory) || directory === root) return true;
      const lead = leads.at(directory.split('/').length - 1) ?? leads.at(-1);
      return lead?.matches(directory) ?? false;
    },
  };
}

interface Lead {
  matches(directory: string): boolean;
}

/** What a directory of each depth must match for the rest of the pattern to have a chance; the last one holds for all deeper ones. */
function leadsOf(segments: readonly string[]): Lead[] {
  const leads: Lead[] = [];
  const never: Lead = { matches: () => false };
  for (const [index, segment] of segments.entries()) {
    const before = segments.slice(0, index).join('/');
    // From `**` on any depth will do; so it is where a `/` stands inside of braces, which no segment shows.
    if (segment === '**') return [...leads, { matches: (directory) => matchesGlob(directory, `${before}/**`) }];
    if (isUnbalanced(segment)) return [...leads, { matches: (directory) => matchesAbove(directory, before, index) }];
    const lead = segments.slice(0, index + 1).join('/');
    leads.push({ matches: (directory) => matchesGlob(directory, lead) });
  }
  return [...leads.slice(0, -1), never];
}

function matchesAbove(directory: string, lead: string, depth: number): boolean {
  return matchesGlob(directory.split('/').slice(0, depth).join('/'), lead);
}

function isUnbalanced(segment: string): boolean {
  const count = (sign: string): number => segment.split(sign).length;
  return count('{') !== count('}') || count('(') !== count(')');
}

/** A pattern without a slash is held against names at any depth; what lies below something excluded is excluded. */
function parseExclusions(exclude: readonly string[], workingDirectory: string): (path: string) => boolean {
  const named = exclude.filter((text) => !text.includes('/'));
  const placed = exclude.filter((text) => text.includes('/')).map((text) => absolute(text, workingDirectory));
  return (path) => {
    const segments = path.split('/');
    return (
      named.some((pattern) => segments.some((segment) => segment !== '' && matchesGlob(segment, pattern))) ||
      placed.some((pattern) =>
        segments.some((_, index) => matchesGlob(segments.slice(0, index + 1).join('/') || '/', pattern)),
      )
    );
  };
}

function absolute(text: string, workingDirectory: string): string {
  if (text === '' || text.includes('\0')) {
    throw new AppError('usage', `${JSON.stringify(text)} is no path`, { hint: 'a path is not empty and holds no NUL' });
  }
  const path = posix.normalize(text.startsWith('/') ? text : `${workingDirectory}/${text}`);
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

function isBelow(path: string, directory: string): boolean {
  return path.startsWith(directory === '/' ? '/' : `${directory}/`) && path !== directory;
}
