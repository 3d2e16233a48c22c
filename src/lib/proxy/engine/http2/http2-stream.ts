import type { HeaderField } from '../../../wire/hpack.ts';
import { encodeRstStream, HTTP2_ERROR } from '../../../wire/http2-frames.ts';
import type { LateEnding, RequestVerdict, Wish } from '../../chain.ts';
import type { Exchange } from '../../exchange.ts';
import type { RequestEnding } from '../../filter.ts';
import type { Direction } from '../../views.ts';
import { Hold } from '../hold.ts';
import { createLinkFailure, createTimeout, createTurnedAway, type Answer, type Marker } from '../http1/answer.ts';
import type { LinkLoss } from '../upstream-link.ts';
import { Passage, type TryEnd } from '../../protection/passage.ts';
import type { Guard } from '../../protection/guard.ts';
import type { Destination } from '../../protection.ts';
import { grpcEndFields, grpcEndingOf, writeAnswer, type GrpcEnding } from './http2-answers.ts';
import { Http2Lane, type Http2LaneOwner } from './http2-lane.ts';
import { Http2Out } from './http2-out.ts';
import { lookupField, type Http2Request } from './http2-request.ts';
import type { Http2Streams, ReceivedHeaders } from './http2-streams.ts';
import { MessageDecisions } from './message-decisions.ts';
import { SecondChance } from './second-chance.ts';
import { ServiceLeg, type SentHead, type ServiceWay } from './service-leg.ts';
import { StreamEdits } from './stream-edits.ts';

/**
 * One request over HTTP/2: two lanes, and what faults want of it.
 *
 *     headers ──▶ decided ──▶ held for its delays ──▶ routed to the service ──▶ answered
 *                    │                                     ▲          └─ failed: another try, or an answer in its place
 *                    │                                     └──────────┘
 *                    └──▶ answered or reset by a fault, never seen by the service
 */
export class Http2Stream implements Http2LaneOwner {
  readonly clientId: number;
  readonly request: Http2Request;
  readonly up: Http2Lane;
  readonly down: Http2Lane;
  readonly messages: MessageDecisions;
  readonly #streams: Http2Streams<Http2Stream>;
  readonly #exchange: Exchange;
  readonly #headers: ReceivedHeaders;
  readonly #leg: ServiceLeg<Http2Stream>;
  /** What the service is sent first. */
  #head: SentHead | undefined;
  /** Undefined: nothing protects the service. */
  #chance: SecondChance | undefined;
  #hold: Hold | undefined;
  /** Undefined: everything goes on as it comes. */
  #edits: StreamEdits | undefined;
  #status: number | undefined;
  #isOver = false;

  constructor(streams: Http2Streams<Http2Stream>, clientId: number, request: Http2Request, headers: ReceivedHeaders) {
    const { front, view, client } = streams;
    const { clock, budget } = front;
    this.#streams = streams;
    this.clientId = clientId;
    this.request = request;
    this.#headers = headers;
    this.#exchange = front.beginExchange(request.isGrpc ? 'grpc' : 'http/2', request, view);
    this.messages = new MessageDecisions(front, view, request, this.#exchange);
    const shared = { clock, budget, owner: this, isGrpc: request.isGrpc };
    this.up = new Http2Lane({ ...shared, direction: 'upstream' });
    this.up.setSource(client, clientId);
    this.down = new Http2Lane({ ...shared, direction: 'downstream' });
    const onSent = client.hasOwnWindows ? (bytes: number): void => this.down.free(bytes) : undefined;
    this.down.open(new Http2Out(client, clientId, () => this.#onSent(), onSent));
    const { up, down } = this;
    this.#leg = new ServiceLeg({ up, down, exchange: this.#exchange, onSent: () => this.#onSent() });
  }

  get serviceId(): number | undefined {
    return this.#leg.id;
  }

  /** Asks the faults, and sends the request on. */
  begin(): void {
    const { front, view, guard } = this.#streams;
    this.up.hasEnded = this.#headers.isEnd;
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
    else this.#streams.withhold();
  }

  /** Whether the service's protection lets it through; otherwise it is answered. */
  #enter(guard: Guard): boolean {
    const { front, view } = this.#streams;
    this.#chance = new SecondChance(front, this.request, guard.fallbacks);
    const passage = guard.admit(this.#streams.takeFirst(), this.request, view, front.clock.monotonicMs());
    if (passage instanceof Passage) {
      this.#exchange.passage = passage;
      this.#chance.passage = passage;
      passage.arm(front.clock, (timeoutMs) => {
        this.#leg.onTimeout();
        this.fail(createTimeout(timeoutMs));
      });
      passage.armTries(front.clock, () => {
        if (this.#status === undefined && this.#leg.isUnderWay) this.#tryAgain('failed');
      });
      return true;
    }
    this.#streams.withhold();
    this.fail(createTurnedAway(passage));
    return false;
  }

  /** Where its protection sends it. */
  get destination(): Destination | undefined {
    return this.#exchange.passage?.destination;
  }

  /** It waits there for its turn. */
  onWay(way: ServiceWay<Http2Stream>): void {
    this.#leg.await(way);
  }

  /** It is open at the service by this id: what waited for that goes on. */
  onRouted(way: ServiceWay<Http2Stream>, id: number): void {
    this.#leg.open(way, id, this.#head ?? this.#headers, this.#chance?.replay);
  }

  /** Fields that follow the body of the request. */
  onRequestTrailers({ fields, block, isEnd }: ReceivedHeaders): void {
    this.up.hasEnded ||= isEnd;
    if (this.up.isSwallowing) this.#streams.withhold();
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
    if (isFinal && this.#chance !== undefined && !this.#accepts(this.#chance, status, fields)) return;
    if (isEnd) this.#chance?.onEnd();
    if (isFinal) this.#status = this.#edits?.statusOf(status) ?? status;
    if (isEnd) this.#exchange.grpcStatus = this.request.grpcStatusIn(fields) ?? this.#exchange.grpcStatus;
    if (isFinal && this.#edits?.changesResponse === true) {
      this.#streams.client.desync();
      this.#edits.respond(this.down, fields, isEnd, this.request.method === 'HEAD');
    } else this.down.headers(fields, block, isEnd);
  }

  /** Of the service, as it comes; `isEnd`: that was the last of it. */
  onResponseData(payload: Buffer, isEnd: boolean): void {
    this.#chance?.onData(payload);
    if (isEnd) this.#chance?.onEnd();
  }

  /** Whether this answer goes on to the client. */
  #accepts(chance: SecondChance, status: number, fields: readonly HeaderField[]): boolean {
    const instead = chance.judge(status);
    if (instead === undefined) {
      chance.begin(status, fields);
      return true;
    }
    this.#leg.leave(this, HTTP2_ERROR.CANCEL);
    if (instead === 'again') this.#streams.route(this);
    else this.#answer(instead);
    return false;
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
    this.#leg.leave(this, code);
    this.#finish('client-reset');
  }

  onServiceReset(code: number): void {
    this.#leg.leave(this, undefined);
    if (this.#status === undefined) {
      if (this.#tryAgain(code === HTTP2_ERROR.REFUSED_STREAM ? 'refused' : 'failed')) return;
      const instead = this.#chance?.fallbackFor('failed');
      if (instead !== undefined) {
        this.#answer(instead);
        return;
      }
    }
    this.up.swallow();
    this.down.reset(code);
  }

  /** The connection to the service is gone, or never came about; `end` says whether the service may have looked at the request. */
  onLost(loss: LinkLoss, end: TryEnd): void {
    const isComplete = this.down.hasEnded && this.#status !== undefined;
    this.#leg.leave(this, undefined);
    const failure = createLinkFailure(loss);
    if (this.#status !== undefined) {
      this.up.swallow();
      if (isComplete) this.#endIfOver();
      else this.#breakOff(failure);
    } else if (!this.#tryAgain(end)) {
      const instead = this.#chance?.insteadOf(failure);
      if (end === 'leaving' && instead === undefined) this.turnAway();
      else this.#answer(instead ?? failure);
    }
  }

  #tryAgain(end: TryEnd): boolean {
    if (this.up.isSwallowing || this.#chance?.retry(end) !== true) return false;
    this.#leg.leave(this, HTTP2_ERROR.CANCEL);
    this.#streams.route(this);
    return true;
  }

  /** The client gets no more of an answer that has begun. A gRPC call can still be told why. */
  #breakOff(failure: Answer): void {
    if (!this.request.isGrpc || this.#edits?.changesResponse === true) {
      this.down.reset(HTTP2_ERROR.INTERNAL_ERROR);
      return;
    }
    this.#exchange.end(this.#status, failure.marker);
    this.#endCall(grpcEndingOf(failure), failure.marker);
  }

  /** The service cannot be reached, or is gone, or the request is not let through to it. */
  fail(failure: Answer): void {
    if (this.#isOver || this.#status !== undefined) return;
    this.#hold?.cancel();
    this.#leg.leave(this, HTTP2_ERROR.CANCEL);
    this.#answer(this.#chance?.insteadOf(failure) ?? failure);
  }

  #answer(answer: Answer): void {
    const { isGrpc } = this.request;
    this.up.swallow();
    this.#exchange.end(isGrpc ? 200 : answer.status, answer.marker);
    if (isGrpc) this.#endCall(grpcEndingOf(answer), answer.marker);
    else this.#respond(answer);
  }

  /** The service has not looked at the request: it may be sent again elsewhere. */
  turnAway(): void {
    this.#resetClient(HTTP2_ERROR.REFUSED_STREAM, 'refused');
  }

  /** The connection is gone. */
  dispose(why: 'client-gone' | 'upstream-closed'): void {
    this.#leg.leave(this, undefined);
    this.#finish(why);
  }

  // From the lanes

  onCollected(direction: Direction, body: Buffer | undefined, kept: Buffer, isEnd: boolean): void {
    if (direction === 'upstream') this.#sendRead(body, kept, isEnd);
    else this.#edits?.respondRead(this.down, body, kept, isEnd);
  }

  onEnding(ending: Wish<LateEnding>): void {
    this.#leg.leave(this, HTTP2_ERROR.CANCEL);
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
      this.#streams.withhold();
      this.up.swallow();
      this.#end(end);
      return;
    }
    for (const { by } of edits) {
      by.account.touched++;
      this.#exchange.hurt(by, 'edit');
    }
    if (edits.length > 0) this.#edits = new StreamEdits(edits, this.#exchange.headers);
    this.up.pace(paces);
    this.down.pace(paces);
    this.down.await(later);
    if (this.#edits?.collectsRequest === true) {
      this.#streams.withhold();
      this.up.collect();
      if (this.up.hasEnded) this.up.onCollectedEnd();
    } else this.#open();
  }

  #open(): void {
    const { headers: trace } = this.#exchange;
    if (trace !== undefined) this.#edits ??= new StreamEdits([], trace);
    this.#head = this.#edits?.head(this.#headers);
    this.#streams.route(this);
  }

  /** The request's body was read, to be changed. */
  #sendRead(body: Buffer | undefined, kept: Buffer, isEnd: boolean): void {
    if (this.#edits === undefined) return;
    const { fields, sent } = this.#edits.message(this.#headers.fields, body, kept);
    const isOver = isEnd && sent.length === 0;
    this.#head = { fields, block: undefined, isEnd: isOver };
    this.#streams.route(this);
    if (!isOver && (sent.length > 0 || isEnd)) this.up.ownData(sent, isEnd);
  }

  /** A fault ends the request. */
  #end({ by, action }: Wish<RequestEnding>): void {
    const { account } = by;
    account.touched++;
    this.#exchange.hurt(by, action.do);
    switch (action.do) {
      case 'respond':
        account.count('responses');
        this.#respondOr({ ...action, marker: 'injected' });
        return;
      case 'grpc-status':
        account.count('responses');
        this.#exchange.grpcStatus = action.code;
        this.#endCall(action, 'injected');
        this.#exchange.end(200);
        return;
      case 'reset':
      case 'reset-stream':
        account.count('resets');
        this.#resetClient(action.do === 'reset' ? HTTP2_ERROR.INTERNAL_ERROR : action.code);
        return;
      case 'goaway':
        account.count('closes');
        this.#streams.goAway(this, action);
        this.#finish('goaway');
    }
  }

  /** A fault answers in the place of the service, or what is given where the service has failed. */
  #respondOr(own: Answer): void {
    const instead = this.#chance?.insteadOf(own);
    this.#exchange.end((instead ?? own).status, instead?.marker);
    this.#respond(instead ?? own);
  }

  #resetClient(code: number, why = 'reset'): void {
    this.#streams.client.write(encodeRstStream(this.clientId, code));
    this.#finish(why);
  }

  #respond(answer: Answer): void {
    this.#status = answer.status;
    writeAnswer(this.down, answer, this.request.method === 'HEAD');
    this.#endIfOver();
  }

  #endCall(ending: GrpcEnding, marker: Marker): void {
    const isFirst = this.#status === undefined;
    this.#status ??= 200;
    this.down.headers(grpcEndFields(ending, isFirst, marker), undefined, true, true);
    this.#endIfOver();
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
    this.#leg.leave(this, HTTP2_ERROR.CANCEL);
    this.#exchange.end(error === undefined ? this.#status : undefined, error);
    this.up.dispose();
    this.down.dispose();
    this.#streams.forget(this);
  }
}
