import { LineCounter, parseDocument, type Document } from 'yaml';
import { messageOf } from '../../errors/app-error.ts';
import type { Mistake } from '../mistakes/mistake.ts';
import { quote } from '../mistakes/words.ts';
import { maskVariables, unmask } from './mask.ts';

export interface YamlFile {
  readonly contents: Document['contents'];
  /** What YAML itself does not accept. What else is in such a file cannot be told for sure. */
  readonly mistakes: readonly Mistake[];
  positionOf(offset: number): { readonly line: number; readonly column: number };
  /** The file between two offsets, as written. */
  slice(start: number, end: number): string;
}

/** Reads YAML (of which JSON is a part) into nodes that know their place. Never throws. */
export function parseYaml(text: string): YamlFile {
  const lineCounter = new LineCounter();
  const masked = maskVariables(text);
  const file = (contents: Document['contents'], mistakes: readonly Mistake[]): YamlFile => ({
    contents,
    mistakes,
    positionOf(offset) {
      const { line, col } = lineCounter.linePos(offset);
      return { line: Math.max(1, line), column: Math.max(1, col) };
    },
    slice: (start, end) => text.slice(start, end),
  });
  try {
    const options = {
      lineCounter,
      prettyErrors: false,
      uniqueKeys: false,
      schema: 'core',
      // 'silent' would leave out the error that says a file holds several documents.
      logLevel: 'error',
    } as const;
    const document = parseDocument(masked, options);
    const problems = [...document.errors, ...document.warnings].map(({ pos: [offset], code, message }) => ({
      offset,
      text: explainYaml(code, unmask(message)),
    }));
    return file(
      document.contents,
      firstOfEachLine(problems, (offset) => lineCounter.linePos(offset).line),
    );
  } catch (error) {
    return file(null, [{ offset: 0, text: `not YAML: ${unmask(messageOf(error))}` }]);
  }
}

/** Having lost its way in a line, the parser stumbles over the rest of it as well. */
function firstOfEachLine(problems: readonly Mistake[], lineOf: (offset: number) => number): Mistake[] {
  const lines = new Set<number>();
  return problems.filter(({ offset }) => {
    const line = lineOf(offset);
    return !lines.has(line) && lines.add(line);
  });
}

/** The parser's message, said for those who do not know its words. */
function explainYaml(code: string, message: string): string {
  switch (code) {
    case 'TAB_AS_INDENT':
      return 'a tab cannot indent in YAML; use spaces';
    case 'BLOCK_AS_IMPLICIT_KEY':
      return 'a mapping cannot begin here; a text with ": " in it must stand in quotes';
    case 'MULTIPLE_DOCS':
      return 'a second document begins here ("---"); a file holds only one';
    case 'RESOURCE_EXHAUSTION':
      return 'nested too deeply';
    case 'TAG_RESOLVE_FAILED':
      return `unknown tag: ${message}`;
    default:
      return `not YAML: ${firstLine(message)}`;
  }
}

function firstLine(message: string): string {
  const line = message.split('\n', 1)[0] ?? '';
  return line.length > 200 ? quote(line) : line;
}
