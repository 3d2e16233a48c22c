import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { messageOf } from '../../errors/app-error.ts';

/** Gives the bytes of a file. Throws an Error that says in a few words why it cannot. */
export type ReadFile = (path: string) => Buffer;

export type NamedFile =
  | { readonly state: 'read'; readonly path: string; readonly bytes: Buffer }
  | { readonly state: 'unreadable'; readonly path: string; readonly why: string };

/** The files that a file names by their paths, each read once. Without a way to read them, they are not looked at. */
export class NamedFiles {
  readonly #directory: string;
  readonly #read: ReadFile | undefined;
  readonly #known = new Map<string, NamedFile>();

  /** `directory` is where relative paths start. */
  constructor(directory: string, read: ReadFile | undefined) {
    this.#directory = directory;
    this.#read = read;
  }

  resolve(text: string): string {
    return resolve(this.#directory, text);
  }

  /** Undefined when files are not looked at. */
  look(text: string): NamedFile | undefined {
    if (this.#read === undefined) return undefined;
    const path = this.resolve(text);
    const file = this.#known.get(path) ?? readOne(path, this.#read);
    this.#known.set(path, file);
    return file;
  }

  /** A text that is another one as soon as anything in the files is; empty for no files. */
  digest(texts: readonly string[]): string {
    if (texts.length === 0) return '';
    const hash = createHash('sha256');
    for (const text of texts) {
      const file = this.look(text);
      hash.update(`${this.resolve(text)}\0`);
      if (file?.state === 'read') hash.update(file.bytes);
    }
    return hash.digest('hex');
  }
}

function readOne(path: string, read: ReadFile): NamedFile {
  try {
    return { state: 'read', path, bytes: read(path) };
  } catch (error) {
    return { state: 'unreadable', path, why: messageOf(error) };
  }
}
