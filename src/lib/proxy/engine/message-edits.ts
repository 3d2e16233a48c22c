import { editTarget } from '../../wire/http-target.ts';
import type { HeadEdits } from '../../wire/http1-head-writer.ts';
import type { Edit, Wish } from '../chain.ts';
import type { MessageEdit } from '../filter.ts';
import type { InstalledFilter } from '../installed-filter.ts';

/** The longest body that is kept in memory to be changed; a longer one passes as it is, and is counted as unchangeable. */
export const MAX_EDITED_BODY_BYTES = 1_048_576;

type BodyEdit = NonNullable<MessageEdit['body']>;

interface QueryEdit {
  readonly members: Readonly<Record<string, string | null>>;
  /** Nothing of the query that came stays. */
  readonly isWhole: boolean;
}

/** What several faults, and the proxy itself, want changed of one message. */
export interface MessageEdits {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly query: QueryEdit | undefined;
  readonly status: number | undefined;
  /** Null removes. Names in lower case. */
  readonly headers: ReadonlyMap<string, string | null>;
  readonly bodies: readonly { readonly by: InstalledFilter; readonly edit: BodyEdit }[];
  /** Who asked for it, each once. */
  readonly by: readonly InstalledFilter[];
}

/** The edits of one side together, later ones over earlier ones; undefined when there are none. */
export function collectEdits(wishes: readonly Wish<Edit>[], side: 'request' | 'response'): MessageEdits | undefined {
  const wanted = wishes.flatMap(({ by, action }) => {
    const edit = by.isRemoved ? undefined : action[side];
    return edit === undefined ? [] : [{ by, edit }];
  });
  if (wanted.length === 0) return undefined;
  const headers = new Map<string, string | null>();
  for (const { edit } of wanted) {
    for (const [name, value] of Object.entries(edit.headers ?? {})) headers.set(name.toLowerCase(), value);
  }
  const last = <Key extends keyof MessageEdit>(key: Key): MessageEdit[Key] | undefined =>
    wanted.findLast(({ edit }) => edit[key] !== undefined)?.edit[key];
  return {
    method: last('method'),
    path: last('path'),
    status: last('status'),
    query: collectQuery(wanted.map(({ edit }) => edit)),
    headers,
    bodies: wanted.flatMap(({ by, edit }) => (edit.body === undefined ? [] : [{ by, edit: edit.body }])),
    by: wanted.map(({ by }) => by),
  };
}

/** The target of a request with path and query changed; undefined when they are not. */
export function editedTarget(target: string, { path, query }: MessageEdits): string | undefined {
  if (path === undefined && query === undefined) return undefined;
  const kept = query?.isWhole === true ? target.replace(/\?[^#]*/, '') : target;
  return editTarget(kept, {
    ...(path === undefined ? {} : { path }),
    ...(query === undefined ? {} : { query: query.members }),
  });
}

function collectQuery(edits: readonly MessageEdit[]): QueryEdit | undefined {
  let query: QueryEdit | undefined;
  for (const { query: members, queryIsWhole: isWhole = false } of edits) {
    if (members === undefined) continue;
    query = isWhole
      ? { members, isWhole }
      : { members: { ...query?.members, ...members }, isWhole: query?.isWhole ?? false };
  }
  return query;
}

/** The head's part of the edits, for HTTP/1. */
export function headEdits(
  edits: MessageEdits | undefined,
  target: string | undefined,
  extra: Readonly<Record<string, string>> = {},
): HeadEdits {
  const set = new Map<string, string>(Object.entries(extra));
  const remove = new Set<string>();
  for (const [name, value] of edits?.headers ?? []) {
    if (value === null) remove.add(name);
    else set.set(name, value);
  }
  return {
    ...(edits?.method === undefined ? {} : { method: edits.method }),
    ...(target === undefined ? {} : { target }),
    ...(edits?.status === undefined ? {} : { status: edits.status }),
    set,
    remove,
  };
}

/** The changed body; undefined when nothing changed it. `isEncoded`: it is compressed, and only a new body can take its place. */
export function editBody(edits: MessageEdits, body: Buffer, isEncoded: boolean): Buffer | undefined {
  let changed: Buffer | undefined;
  for (const { by, edit } of edits.bodies) {
    const isOpaque = isEncoded && changed === undefined;
    const next = Buffer.isBuffer(edit) ? edit : isOpaque ? undefined : edit(changed ?? body);
    if (next === undefined) by.account.count('unchangeable');
    else changed = next;
  }
  return changed;
}

/** Says that the edits have come to something. */
export function noteEdits(edits: MessageEdits): void {
  for (const by of edits.by) by.account.count('edits');
}

/** Whether a body must be read to be changed: then the service is asked for one that is not compressed. */
export function readsBody(edits: MessageEdits | undefined): boolean {
  return edits?.bodies.some(({ edit }) => !Buffer.isBuffer(edit)) ?? false;
}
