import type { HeaderField } from '../../../wire/hpack.ts';
import type { Edit, Wish } from '../../chain.ts';
import { collectEdits, noteEdits, readsBody, type MessageEdits } from '../message-edits.ts';
import { editedFields, editedMessage } from './http2-edits.ts';
import type { Http2Lane } from './http2-lane.ts';
import type { SentHead } from './service-leg.ts';

type Extra = Readonly<Record<string, string>> | undefined;

/** What faults want changed of one request and of its answer, and what the proxy sets itself. */
export class StreamEdits {
  readonly #request: MessageEdits | undefined;
  readonly #response: MessageEdits | undefined;
  /** Of a trace. */
  readonly #extra: Extra;
  /** The response's head, kept until its body has been changed. */
  #responseFields: readonly HeaderField[] = [];

  constructor(wishes: readonly Wish<Edit>[], extra: Extra) {
    this.#request = collectEdits(wishes, 'request');
    this.#response = collectEdits(wishes, 'response');
    // A body that is to be read must not come compressed.
    this.#extra = readsBody(this.#response) ? { ...extra, 'accept-encoding': 'identity' } : extra;
  }

  /** Whether the request's body has to be read before the request goes on. */
  get collectsRequest(): boolean {
    return (this.#request?.bodies.length ?? 0) > 0;
  }

  get changesResponse(): boolean {
    return this.#response !== undefined;
  }

  /** The status that the client gets. */
  statusOf(status: number): number {
    return this.#response?.status ?? status;
  }

  /** The head of a request whose body goes on as it comes. */
  head(came: SentHead): SentHead {
    const edits = this.#request;
    if (edits !== undefined) noteEdits(edits);
    else if (this.#extra === undefined) return came;
    return { fields: editedFields(came.fields, edits, this.#extra), block: undefined, isEnd: came.isEnd };
  }

  /** Head and body of a request whose body was read; `body` is undefined when that was too long. */
  message(
    fields: readonly HeaderField[],
    body: Buffer | undefined,
    kept: Buffer,
  ): { readonly fields: readonly HeaderField[]; readonly sent: Buffer } {
    const edits = this.#request;
    return edits === undefined ? { fields, sent: kept } : editedMessage(fields, edits, this.#extra, body, kept);
  }

  /** The response's head goes on, or waits for its body. */
  respond(lane: Http2Lane, fields: readonly HeaderField[], isEnd: boolean, isToHead: boolean): void {
    const edits = this.#response;
    if (edits === undefined) return;
    if (edits.bodies.length === 0 || isToHead) {
      noteEdits(edits);
      lane.headers(editedFields(fields, edits, undefined), undefined, isEnd);
      return;
    }
    this.#responseFields = fields;
    lane.collect();
    if (isEnd) lane.onCollectedEnd();
  }

  /** The response's body has been read. */
  respondRead(lane: Http2Lane, body: Buffer | undefined, kept: Buffer, isEnd: boolean): void {
    const edits = this.#response;
    if (edits === undefined) return;
    const { fields, sent } = editedMessage(this.#responseFields, edits, undefined, body, kept);
    const isOver = isEnd && sent.length === 0;
    lane.headers(fields, undefined, isOver);
    if (!isOver && (sent.length > 0 || isEnd)) lane.ownData(sent, isEnd);
  }
}
