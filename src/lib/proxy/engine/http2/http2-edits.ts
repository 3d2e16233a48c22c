import type { HeaderField } from '../../../wire/hpack.ts';
import { isCompressed } from '../http1/response-relay.ts';
import { editBody, editedTarget, noteEdits, type MessageEdits } from '../message-edits.ts';
import { lookupField } from './http2-request.ts';

/** Fields that HTTP/2 does not know (RFC 9113 section 8.2.2). */
export const CONNECTION_FIELDS: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'host',
]);

/** A head with the edits, and with what the proxy sets itself. The first value of a name takes the new one, further ones go. */
export function editedFields(
  fields: readonly HeaderField[],
  edits: MessageEdits | undefined,
  extra: Readonly<Record<string, string>> | undefined,
): HeaderField[] {
  const changes = new Map<string, string | null>(Object.entries(extra ?? {}));
  for (const [name, value] of edits?.headers ?? []) {
    if (name === 'host') changes.set(':authority', value);
    else if (!CONNECTION_FIELDS.has(name)) changes.set(name, value);
  }
  if (edits?.method !== undefined) changes.set(':method', edits.method);
  if (edits?.status !== undefined) changes.set(':status', String(edits.status));
  const target = edits && editedTarget(fields.find(({ name }) => name === ':path')?.value ?? '/', edits);
  if (target !== undefined) changes.set(':path', target);
  return changedFields(fields, changes);
}

/** Head and body of a message whose body has been read: `body` is undefined when it was too long, and goes on as far as it was `kept`. */
export function editedMessage(
  fields: readonly HeaderField[],
  edits: MessageEdits,
  extra: Readonly<Record<string, string>> | undefined,
  body: Buffer | undefined,
  kept: Buffer,
): { readonly fields: HeaderField[]; readonly sent: Buffer } {
  const edited = editedFields(fields, edits, extra);
  const isEncoded = isCompressed(lookupField(fields, 'content-encoding'));
  const changed = body && editBody(edits, body, isEncoded);
  if (body === undefined) for (const { by } of edits.bodies) by.account.count('unchangeable');
  if (changed === undefined) return { fields: edited, sent: kept };
  noteEdits(edits);
  return { fields: withLength(edited, changed.length, isEncoded), sent: changed };
}

function withLength(fields: readonly HeaderField[], bytes: number, wasEncoded: boolean): HeaderField[] {
  const changes = new Map<string, string | null>([['content-length', String(bytes)]]);
  if (wasEncoded) changes.set('content-encoding', null);
  return changedFields(fields, changes);
}

function changedFields(fields: readonly HeaderField[], changes: Map<string, string | null>): HeaderField[] {
  const left = new Map(changes);
  const changed: HeaderField[] = [];
  for (const field of fields) {
    const value = changes.get(field.name);
    if (value === undefined) changed.push(field);
    else if (left.delete(field.name) && value !== null) changed.push({ name: field.name, value });
  }
  for (const [name, value] of left) if (value !== null) changed.push({ name, value });
  return changed;
}
