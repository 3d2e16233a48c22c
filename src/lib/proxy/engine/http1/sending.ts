import { requestFraming } from '../../../wire/http1-body.ts';
import { writeRequestHead, writeResponseHead } from '../../../wire/http1-head-writer.ts';
import type { RequestHead, ResponseHead } from '../../../wire/http1-head.ts';
import { acceptWithoutContextTakeover, offerWithoutContextTakeover } from '../../../wire/websocket-frames.ts';
import type { Pace, RequestVerdict } from '../../chain.ts';
import type { Exchange } from '../../exchange.ts';
import {
  collectEdits,
  editBody,
  editedTarget,
  headEdits,
  noteEdits,
  readsBody,
  type MessageEdits,
} from '../message-edits.ts';
import type { BodyCollector } from './body-collector.ts';
import { isCompressed } from './response-relay.ts';

/** A request that goes on to the service, with what faults and the proxy want changed of it and of its answer. */
export interface Sending {
  readonly head: RequestHead;
  readonly requestEdits: MessageEdits | undefined;
  readonly responseEdits: MessageEdits | undefined;
  readonly paces: readonly Pace[];
  /** Headers that the proxy itself sets; undefined: none. */
  readonly extra: Readonly<Record<string, string>> | undefined;
}

const NO_PACES: readonly Pace[] = [];

export function createSending(head: RequestHead, exchange: Exchange, verdict?: RequestVerdict): Sending {
  const responseEdits = verdict && collectEdits(verdict.edits, 'response');
  const extra = extraHeaders(head, exchange, responseEdits);
  if (verdict === undefined) return { head, requestEdits: undefined, responseEdits, paces: NO_PACES, extra };
  for (const { by } of verdict.edits) {
    by.account.touched++;
    exchange.hurt(by, 'edit');
  }
  for (const { by } of verdict.paces) exchange.hurt(by, 'pace');
  return { head, requestEdits: collectEdits(verdict.edits, 'request'), responseEdits, paces: verdict.paces, extra };
}

export function isUnchanged({ requestEdits, extra }: Sending): boolean {
  return requestEdits === undefined && extra === undefined;
}

/** What came behind the head in the same piece. */
export function behindHead({ bytes, end }: RequestHead): Buffer | undefined {
  return end < bytes.length ? bytes.subarray(end) : undefined;
}

/** The head as it goes on; the body, if any, as it came. */
export function sentHead({ head, requestEdits, extra }: Sending): Buffer {
  if (requestEdits !== undefined) noteEdits(requestEdits);
  const target = requestEdits && editedTarget(head.target, requestEdits);
  return writeRequestHead(head, headEdits(requestEdits, target, extra));
}

/** Head and body, once the body has been read to be changed; a body that could not be is as it came. */
export function sentWithBody(sending: Sending, collector: BodyCollector): { head: Buffer; body: Buffer } {
  const { head, requestEdits, extra } = sending;
  if (requestEdits === undefined) throw new Error('a body was collected without an edit');
  const isEncoded = isCompressed(head.header('content-encoding'));
  const body = collector.isHopeless ? undefined : editBody(requestEdits, collector.body(), isEncoded);
  if (collector.isHopeless) for (const { by } of requestEdits.bodies) by.account.count('unchangeable');
  const edits = headEdits(requestEdits, editedTarget(head.target, requestEdits), extra);
  const set = new Map(edits.set);
  const remove = new Set(edits.remove);
  // We have told the client to continue ourselves.
  remove.add('expect');
  if (body === undefined) return { head: writeRequestHead(head, { ...edits, set, remove }), body: collector.raw() };
  noteEdits(requestEdits);
  remove.add('transfer-encoding').add('trailer');
  if (isEncoded) remove.add('content-encoding');
  if (body.length > 0 || requestFraming(head).body !== 'none') set.set('content-length', String(body.length));
  return { head: writeRequestHead(head, { ...edits, set, remove }), body };
}

function extraHeaders(
  head: RequestHead,
  exchange: Exchange,
  responseEdits: MessageEdits | undefined,
): Readonly<Record<string, string>> | undefined {
  const trace = exchange.headers;
  const extensions = head.fields.connectionUpgrade ? head.header('sec-websocket-extensions') : undefined;
  const reads = readsBody(responseEdits);
  if (trace === undefined && extensions === undefined && !reads) return undefined;
  return {
    ...trace,
    // A body that is to be read must not come compressed.
    ...(reads ? { 'accept-encoding': 'identity' } : {}),
    // Messages that are dropped or doubled must not be needed to inflate later ones.
    ...(extensions === undefined ? {} : { 'sec-websocket-extensions': offerWithoutContextTakeover(extensions) }),
  };
}

/** Whether the service has agreed to go on as a WebSocket (RFC 6455 section 4). */
export function isWebSocketUpgrade(request: RequestHead, response: ResponseHead): boolean {
  return response.status === 101 && request.header('upgrade')?.toLowerCase() === 'websocket';
}

/** The head of that agreement, and what came behind it. */
export function acceptedWebSocket(head: ResponseHead): { written: Buffer; rest: Buffer } {
  const extensions = head.header('sec-websocket-extensions');
  const rest = head.bytes.subarray(head.end);
  if (extensions === undefined) return { written: head.bytes.subarray(head.start, head.end), rest };
  const set = new Map([['sec-websocket-extensions', acceptWithoutContextTakeover(extensions)]]);
  return { written: writeResponseHead(head, { set }), rest };
}
