/** Somebody who has a file open and could do without for a while. */
export interface FileUser {
  /** Closes the file if nothing is lost by it; whether it did. */
  rest(): boolean;
}

/**
 * Holds the number of open files down: the one that has not been read for the longest is closed, and opened again when it is needed. Files that
 * lost their name cannot be opened again, and stay.
 */
export class OpenFiles {
  readonly #limit: number;
  /** In the order of use, the longest unused first. */
  readonly #users = new Set<FileUser>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get count(): number {
    return this.#users.size;
  }

  /** Says that a file is open and in use; others may be closed for it. */
  use(user: FileUser): void {
    this.#users.delete(user);
    if (this.#users.size >= this.#limit) this.makeRoom();
    this.#users.add(user);
  }

  forget(user: FileUser): void {
    this.#users.delete(user);
  }

  /** Closes the one that is missed least; false when none can be closed. */
  makeRoom(): boolean {
    for (const user of this.#users) {
      if (!user.rest()) continue;
      this.#users.delete(user);
      return true;
    }
    return false;
  }
}
