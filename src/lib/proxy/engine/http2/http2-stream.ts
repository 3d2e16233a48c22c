import type { HeaderField } from '../../../wire/hpack.ts';
import { encodeRstStream, HTTP2_ERROR } from '../../../wire/http2-frames.ts';
import { decideMessage, type Delay, type LateEnding, type RequestVerdict, type Wish } from '../../chain.ts';
import type { Exchange } from '../../exchange.ts';
import type { RequestEnding } from '../../filter.ts';
import { requestKey } from '../../request-key.ts';
import type { ConnectionView, Direction } from '../../views.ts';
import type { Front } from '../front.ts';
import { Hold } from '../hold.ts';
import { collectEdits, noteEdits, readsBody, type MessageEdits } from '../message-edits.ts';
import { createTimeout, createTurnedAway, type Answer, type Marker } from '../http1/answer.ts';
import { Passage } from '../../protection/passage.ts';
import type { Guard } from '../../protection/guard.ts';
import type { Destination } from '../../protection.ts';
import { answerFields, grpcEndFields, grpcEndingOf, type GrpcEnding } from './http2-answers.ts';
import { editedFields, editedMessage } from './http2-edits.ts';
import { Http2Lane, type Http2LaneOwner } from './http2-lane.ts';
import { Http2Out } from './http2-out.ts';
import { lookupField, type Http2Request } from './http2-request.ts';
import type { Http2Side } from './http2-side.ts';

/** What a stream may use of its connection. */
export interface Http2Streams {
  readonly front: Front;
  readonly view: ConnectionView;
  readonly client: Http2Side;
  readonly service: Http2Side;
  readonly endpoint: string | undefined;
  /** The endpoint that the connection to the service goes to; undefined: one without a protection. */
  readonly destination: Destination | undefined;
  /** The next id towards the service; undefined when it takes no more streams. */
  nextServiceId(stream: Http2Stream): number | undefined;
  /** The service takes no more streams, or cannot be reached: the client is told. */
  refuse(stream: Http2Stream): void;
  /** Its endpoint is to get no new requests: the client is told to come again on another connection. */
  leave(stream: Http2Stream): void;
  goAway(stream: Http2Stream, ending: Extract<RequestEnding, { do: 'goaway' }>): void;
  forget(stream: Http2Stream): void;
}

/** A request's fields as they came. */
export interface ReceivedHeaders {
  readonly fields: readonly HeaderField[];
  readonly block: Buffer;
  readonly isEnd: boolean;
}

/**
 * One request over HTTP/2: two lanes, and what faults want of it.
 *
 *     headers ──▶ decided ──▶ held for its delays ──▶ opened to the service ──▶ answered
 *                    └──▶ answered or reset by a fault, never seen by the service
 */
export class Http2Stream implements Http2LaneOwner {
  readonly clientId: number;
  readonly request: Http2Request;
  readonly up: Http2Lane;
  readonly down: Http2Lane;
  readonly #streams: Http2Streams;
  readonly #exchange: Exchange;
  readonly #headers: ReceivedHeaders;
  #serviceId: number | undefined;
  #hold: Hold | undefined;
  #requestEdits: MessageEdits | undefined;
  #responseEdits: MessageEdits | undefined;
  /** The response's head, kept until its body has been changed. */
  #responseFields: readonly HeaderField[] = [];
  #requestKey: string | undefined;
  #status: number | undefined;
  #isOver = false;

  constructor(streams: Http2Streams, clientId: number, request: Http2Request, headers: ReceivedHeaders) {
    const { front, view, client, service } = streams;
    const { clock, budget } = front;
    this.#streams = streams;
    this.clientId = clientId;
    this.request = request;
    this.#headers = headers;
    this.#exchange = front.beginExchange(request.isGrpc ? 'grpc' : 'http/2', request, view);
    const shared = { clock, budget, owner: this, isGrpc: request.isGrpc };
    this.up = new Http2Lane({ ...shared, direction: 'upstream', source: client, sourceId: clientId });
    this.down = new Http2Lane({ ...shared, direction: 'downstream', source: service, sourceId: 0 });
    this.down.open(new Http2Out(client, clientId, () => this.#onSent()));
  }

  get serviceId(): number | undefined {
    return this.#serviceId;
  }

  /** Asks the faults, and sends the request on. */
  begin(): void {
    const { front, view } = this.#streams;
    this.up.hasEnded = this.#headers.isEnd;
    const guard = front.guardFor(view.serverName);
    if (guard !== undefined && !this.#enter(guard)) return;
    const verdict = front.chain.actsOnRequests
      ? front.chain.decideRequest(this.request, view, this.request.isGrpc ? 'grpc' : 'http2', front.clock.monotonicMs())
      : undefined;
    if (verdict === undefined) {
      this.#open();
      return;
    }
    const hold = new Hold(front.clock, verdict.delays, () => this.#act(verdict), this.#exchange);
    this.#hold = hold;
    if (hold.start()) this.#act(verdict);
    // Blocks of later requests may go on before this one.
    else this.#streams.service.desync();
  }

  /** Whether the service's protection lets it through; otherwise it is answered, or turned away for the client to come again. */
  #enter(guard: Guard): boolean {
    const { front, view, destination } = this.#streams;
    if (destination === undefined) return true;
    const passage = guard.admitTo(destination, this.request, view, front.clock.monotonicMs());
    if (passage instanceof Passage) {
      this.#exchange.passage = passage;
      passage.arm(front.clock, (timeoutMs) => this.#onTimeout(timeoutMs));
      return true;
    }
    // The service never sees the block.
    this.#streams.service.desync();
    if (passage === 'elsewhere') {
      this.#streams.leave(this);
      this.turnAway();
    } else this.fail(createTurnedAway(passage));
    return false;
  }

  #onTimeout(timeoutMs: number): void {
    if (this.#status !== undefined) return;
    this.#cancelService(HTTP2_ERROR.CANCEL);
    this.fail(createTimeout(timeoutMs));
  }

  /** Fields that follow the body of the request. */
  onRequestTrailers({ fields, block, isEnd }: ReceivedHeaders): void {
    this.up.hasEnded ||= isEnd;
    if (this.up.isSwallowing) this.#streams.service.desync();
    else this.up.headers(fields, block, isEnd);
    this.#endIfOver();
  }

  onResponseHeaders({ fields, block, isEnd }: ReceivedHeaders): void {
    this.down.hasEnded ||= isEnd;
    if (this.down.isSwallowing) {
      this.#streams.client.desync();
      return;
    }
    const status = Number(lookupField(fields, ':status') ?? 0);
    const isFinal = status >= 200;
    if (isFinal) this.#status = this.#responseEdits?.status ?? status;
    if (isEnd) this.#exchange.grpcStatus = this.request.grpcStatusIn(fields) ?? this.#exchange.grpcStatus;
    if (isFinal && this.#responseEdits !== undefined) this.#editResponse(this.#responseEdits, fields, isEnd);
    else this.down.headers(fields, block, isEnd);
  }

  /** The client goes on sending what nobody wants. */
  onSwallowed(): void {
    if (this.up.hasEnded) this.#endIfOver();
    else if (this.up.hasSwallowedMuch && this.down.out?.isOver === true) {
      this.#streams.client.write(encodeRstStream(this.clientId, HTTP2_ERROR.NO_ERROR));
      this.#finish(undefined);
    }
  }

  /** The client gives the request up. */
  onClientReset(code: number): void {
    this.#cancelService(code);
    this.#finish('client-reset');
  }

  onServiceReset(code: number): void {
    this.down.hasEnded = true;
    this.down.reset(code);
  }

  /** The service cannot be reached, or is gone, or the request is not let through to it. */
  fail(failure: Answer): void {
    if (this.#isOver || this.#status !== undefined) return;
    this.#hold?.cancel();
    this.up.swallow();
    const { status, headers, body, marker } = failure;
    if (this.request.isGrpc) this.#endCall(grpcEndingOf(failure), marker);
    else this.#respond(status, headers, body, marker);
    this.#exchange.end(this.request.isGrpc ? 200 : status, marker);
  }

  /** The service has not looked at the request: it may be sent again elsewhere. */
  turnAway(): void {
    this.#resetClient(HTTP2_ERROR.REFUSED_STREAM, 'refused');
  }

  /** The connection is gone. */
  dispose(why: 'client-gone' | 'upstream-closed'): void {
    this.#finish(why);
  }

  // From the lanes

  get looksAtMessages(): boolean {
    return this.#streams.front.chain.ofMessages('grpc').length > 0;
  }

  decideMessage(direction: Direction, ordinal: number): readonly Delay[] {
    const { front, view } = this.#streams;
    const verdict = decideMessage(
      front.chain.ofMessages('grpc'),
      { request: this.request, connection: view, nowMs: front.clock.monotonicMs() },
      { direction, ordinal, kind: 'grpc' },
      () => `${(this.#requestKey ??= requestKey(this.request))}/${direction}`,
    );
    for (const { by, delayMs } of verdict?.delays ?? []) this.#exchange.hurt(by, 'delay', delayMs);
    return verdict?.delays ?? [];
  }

  onCollected(direction: Direction, body: Buffer | undefined, kept: Buffer, isEnd: boolean): void {
    const edits = direction === 'upstream' ? this.#requestEdits : this.#responseEdits;
    if (edits === undefined) return;
    if (direction === 'upstream') this.#sendEditedRequest(edits, body, kept, isEnd);
    else this.#sendEditedResponse(edits, body, kept, isEnd);
  }

  onEnding(ending: Wish<LateEnding>): void {
    this.#cancelService(HTTP2_ERROR.CANCEL);
    this.up.swallow();
    this.#end(ending);
  }

  onReset(_direction: Direction, code: number): void {
    this.#resetClient(code, 'upstream-reset');
  }

  /** The delays are over: the request goes on, is answered, or is cut off. */
  #act(verdict: RequestVerdict): void {
    this.#hold = undefined;
    const { end, edits, paces, later } = verdict;
    if (end !== undefined && !end.by.isRemoved) {
      // The service never sees the block.
      this.#streams.service.desync();
      this.up.swallow();
      this.#end(end);
      return;
    }
    for (const { by } of edits) {
      by.account.touched++;
      this.#exchange.hurt(by, 'edit');
    }
    this.#requestEdits = collectEdits(edits, 'request');
    this.#responseEdits = collectEdits(edits, 'response');
    this.up.pace(paces);
    this.down.pace(paces);
    this.down.await(later);
    if (this.#requestEdits !== undefined && this.#requestEdits.bodies.length > 0) {
      this.#streams.service.desync();
      this.up.collect();
      if (this.up.hasEnded) this.up.onCollectedEnd();
    } else this.#open();
  }

  #open(): void {
    const { fields, block, isEnd } = this.#headers;
    const edits = this.#requestEdits;
    const extra = this.#extraHeaders();
    if (edits !== undefined) noteEdits(edits);
    const isUnchanged = edits === undefined && extra === undefined;
    this.#openWith(isUnchanged ? fields : editedFields(fields, edits, extra), isUnchanged ? block : undefined, isEnd);
  }

  #openWith(fields: readonly HeaderField[], block: Buffer | undefined, isEnd: boolean): void {
    const id = this.#streams.nextServiceId(this);
    if (id === undefined) {
      this.#streams.service.desync();
      this.#streams.refuse(this);
      return;
    }
    this.#serviceId = id;
    this.down.setSourceId(id);
    this.#exchange.endpoint = this.#streams.endpoint;
    const out = new Http2Out(this.#streams.service, id, () => this.#onSent());
    out.send({ what: 'headers', fields, block, isOwn: false, isEnd });
    this.up.open(out);
  }

  #sendEditedRequest(edits: MessageEdits, body: Buffer | undefined, kept: Buffer, isEnd: boolean): void {
    const { fields, sent } = editedMessage(this.#headers.fields, edits, this.#extraHeaders(), body, kept);
    const isOver = isEnd && sent.length === 0;
    this.#openWith(fields, undefined, isOver);
    if (!isOver && (sent.length > 0 || isEnd)) this.up.ownData(sent, isEnd);
  }

  #editResponse(edits: MessageEdits, fields: readonly HeaderField[], isEnd: boolean): void {
    const hasBody = edits.bodies.length > 0 && this.request.method !== 'HEAD';
    this.#streams.client.desync();
    if (!hasBody) {
      noteEdits(edits);
      this.down.headers(editedFields(fields, edits, undefined), undefined, isEnd);
      return;
    }
    this.#responseFields = fields;
    this.down.collect();
    if (isEnd) this.down.onCollectedEnd();
  }

  #sendEditedResponse(edits: MessageEdits, body: Buffer | undefined, kept: Buffer, isEnd: boolean): void {
    const { fields, sent } = editedMessage(this.#responseFields, edits, undefined, body, kept);
    const isOver = isEnd && sent.length === 0;
    this.down.headers(fields, undefined, isOver);
    if (!isOver && (sent.length > 0 || isEnd)) this.down.ownData(sent, isEnd);
  }

  /** A fault ends the request. */
  #end({ by, action }: Wish<RequestEnding>): void {
    const { account } = by;
    account.touched++;
    this.#exchange.hurt(by, action.do);
    switch (action.do) {
      case 'respond':
        account.count('responses');
        this.#respond(action.status, action.headers, action.body, 'injected');
        this.#exchange.end(action.status);
        return;
      case 'grpc-status':
        account.count('responses');
        this.#exchange.grpcStatus = action.code;
        this.#endCall(action, 'injected');
        this.#exchange.end(200);
        return;
      case 'reset':
        account.count('resets');
        this.#resetClient(HTTP2_ERROR.INTERNAL_ERROR);
        return;
      case 'reset-stream':
        account.count('resets');
        this.#resetClient(action.code);
        return;
      case 'goaway':
        account.count('closes');
        this.#streams.goAway(this, action);
        this.#finish('goaway');
    }
  }

  #resetClient(code: number, why = 'reset'): void {
    this.#streams.client.write(encodeRstStream(this.clientId, code));
    this.#finish(why);
  }

  #respond(status: number, headers: readonly (readonly [string, string])[], body: Buffer, marker: Marker): void {
    this.#status = status;
    const hasBody = body.length > 0 && this.request.method !== 'HEAD';
    this.down.headers(answerFields(status, headers, body.length, marker), undefined, !hasBody, true);
    if (hasBody) this.down.ownData(body, true);
    this.#endIfOver();
  }

  #endCall(ending: GrpcEnding, marker: Marker): void {
    const isFirst = this.#status === undefined;
    this.#status ??= 200;
    this.down.headers(grpcEndFields(ending, isFirst, marker), undefined, true, true);
    this.#endIfOver();
  }

  #extraHeaders(): Readonly<Record<string, string>> | undefined {
    const trace = this.#exchange.headers;
    // A body that is to be read must not come compressed.
    if (readsBody(this.#responseEdits)) return { ...trace, 'accept-encoding': 'identity' };
    return trace;
  }

  #cancelService(code: number): void {
    if (this.#serviceId !== undefined && !(this.down.hasEnded && this.up.out?.isOver === true))
      this.#streams.service.write(encodeRstStream(this.#serviceId, code));
    this.down.hasEnded = true;
    this.up.out?.dispose();
  }

  /** The end of a direction has been sent. */
  #onSent(): void {
    if (this.down.out?.isOver === true) this.#exchange.end(this.#status);
    this.#endIfOver();
  }

  /** Both directions have ended: the client knows its answer, and has nothing more to send. */
  #endIfOver(): void {
    if (this.down.out?.isOver !== true) return;
    const isSent = this.up.isSwallowing ? this.up.hasEnded : this.up.out?.isOver === true;
    if (isSent) this.#finish(undefined);
  }

  #finish(error: string | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#hold?.cancel();
    this.#exchange.end(error === undefined ? this.#status : undefined, error);
    this.up.dispose();
    this.down.dispose();
    this.#streams.forget(this);
  }
}
