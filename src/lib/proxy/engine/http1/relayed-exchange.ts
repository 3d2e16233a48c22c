import { mayRetry } from '../../../resilience/retry-budget.ts';
import { requestFraming, type BodyScanner } from '../../../wire/http1-body.ts';
import type { RequestHead, ResponseHead } from '../../../wire/http1-head.ts';
import type { ClientWire } from '../client-wire.ts';
import type { FallbackCause } from '../../../resilience/response-cache.ts';
import type { Fallbacks } from '../../protection/fallbacks.ts';
import type { Answer } from './answer.ts';
import type { LinkLoss, UpstreamLink } from '../upstream-link.ts';
import type { ClientSide } from './client-side.ts';
import { PacedBody } from './paced-body.ts';
import type { Passage } from '../../protection/passage.ts';
import { ResponseRelay, type ResponsePlan, type ResponseSink } from './response-relay.ts';
import { acceptedWebSocket, isWebSocketUpgrade, type Sending } from './sending.ts';
import { SentRequest } from './sent-request.ts';

/** What an exchange may use of its connection, and what it tells it. */
export interface ExchangeHost {
  readonly wire: ClientWire;
  readonly client: ClientSide;
  readonly link: UpstreamLink | undefined;
  toClient(bytes: Buffer): void;
  /** `isRepeatable`: the request can be sent again as long as it is not answered. */
  toLink(bytes: Buffer, isRepeatable: boolean): void;
  /** The client has the whole answer. `goesOn`: the connection may serve another request, once this one has been sent whole. */
  onAnswered(status: number, goesOn: boolean): void;
  /** Request and answer are both complete. */
  onComplete(): void;
  /** The connection became a tunnel; for a WebSocket, `head` is the request that asked for it. */
  onTunnel(status: number, websocket: RequestHead | undefined): void;
  /** What the client or the service sends cannot be read any further; `bytes` of the client's are still to go on. */
  onUnreadable(bytes: Buffer | undefined): void;
  /** What has gone of it is sent again, to where its passage goes by now; on a new connection when one that was kept had been closed. */
  sendAgain(pieces: readonly Buffer[], on: 'new' | 'any'): void;
  /** The service authenticates connections: this client's are for nobody else. */
  onBound(): void;
  /** An answer in the place of the service, which says that it has failed; undefined: its own answer goes on. */
  lookupFallback(head: RequestHead, cause: FallbackCause): Answer | undefined;
  /** The service's answer is dropped for this one. */
  answerInstead(head: RequestHead, answer: Answer): void;
  /** The service went away before the answer was complete. */
  onFailed(loss: LinkLoss, hasBegun: boolean): void;
}

/**
 * One request on its way to the service, and its answer on the way back. Bodies pass as bytes, or as faults want them.
 *
 *     head, body ──▶ [paced] ──▶ service          sent     all of the request has gone on
 *     client ◀── [paced] ◀── head, body           answered all of the answer has
 */
export class RelayedExchange implements ResponseSink {
  readonly sending: Sending;
  readonly #host: ExchangeHost;
  /** Undefined when it must not be sent twice. */
  readonly #sent: SentRequest | undefined;
  readonly #requestBody: BodyScanner;
  readonly #response = new ResponseRelay(this);
  readonly #up: PacedBody | undefined;
  readonly #down: PacedBody | undefined;
  readonly #plan: ResponsePlan | undefined;
  readonly #passage: Passage | undefined;
  readonly #fallbacks: Fallbacks | undefined;
  readonly #sentMs: number;
  #responseMs = 0;
  #instead: Answer | undefined;
  #isSent = false;
  #isAnswered = false;
  #isTunnel = false;

  /** `requestBody` follows the body of the request, which begins behind the head. */
  constructor(host: ExchangeHost, sending: Sending, headBytes: number, requestBody: BodyScanner, passage?: Passage) {
    const { front, view } = host.wire;
    this.#host = host;
    this.sending = sending;
    this.#requestBody = requestBody;
    this.#up = PacedBody.lookup(sending.paces, 'upstream', front, {
      write: (bytes) => this.#toLink(bytes),
      end: () => this.#onSent(),
      room: () => host.client.halt(false),
    });
    this.#down = PacedBody.lookup(sending.paces, 'downstream', front, {
      write: (bytes) => host.toClient(bytes),
      end: () => this.#onAnswered(),
      room: () => host.link?.resume(),
    });
    const isPlain = sending.responseEdits === undefined && this.#down === undefined;
    this.#fallbacks = front.guardFor(view.serverName)?.fallbacks;
    this.#sentMs = this.#fallbacks === undefined ? 0 : front.clock.monotonicMs();
    this.#plan =
      isPlain && this.#fallbacks === undefined
        ? undefined
        : { edits: sending.responseEdits, isPaced: this.#down !== undefined, records: (head) => this.#records(head) };
    this.#passage = passage;
    const { head } = sending;
    const mayRepeat = passage?.mayRepeat(head.method) ?? mayRetry(head.method);
    this.#sent = mayRepeat ? new SentRequest(headBytes, requestFraming(head)) : undefined;
    if (head.fields.bindsConnection) host.onBound();
    this.#response.begin(sending.head.method, this.#plan);
  }

  /** Whether the client's next bytes belong to it. */
  get takesBytes(): boolean {
    return this.#requestBody.state !== 'done';
  }

  /** A head that the proxy has written; the body follows. */
  sendHead(bytes: Buffer): void {
    this.#toLink(bytes);
  }

  /** Passes on [from, …) as far as it belongs to the request, whose body goes on at `bodyFrom`; gives back the rest. */
  relayRequest(bytes: Buffer, from: number, bodyFrom: number): Buffer | undefined {
    const end = this.#requestBody.scan(bytes, bodyFrom);
    if (this.#requestBody.state === 'bad') {
      this.#host.onUnreadable(bytes.subarray(from));
      return undefined;
    }
    this.#passOn(from === 0 && end === bytes.length ? bytes : bytes.subarray(from, end));
    if (this.#requestBody.state === 'done') this.#endBody();
    return end < bytes.length ? bytes.subarray(end) : undefined;
  }

  /** A body that was read to be changed. */
  sendBody(body: Buffer): void {
    this.#passOn(body);
    if (this.#requestBody.state === 'done') this.#endBody();
  }

  onClientEnd(): void {
    // As without a proxy: the service sees the end, and decides whether it still answers.
    if (this.#up === undefined) this.#host.link?.end();
    else this.#up.end();
  }

  onClientDrain(): void {
    this.#down?.onDrain();
  }

  onLinkData(chunk: Buffer): void {
    // It answers more than it was asked, and is still being sent a request: nobody can tell what comes next.
    if (this.#isAnswered) {
      this.#host.onAnswered(this.#response.status, false);
      return;
    }
    switch (this.#response.take(chunk)) {
      case 'more':
        return;
      case 'done':
        this.#endAnswer();
        break;
      case 'raw':
        this.#host.onUnreadable(undefined);
        break;
      case 'declined':
        if (this.#instead === undefined) {
          this.#response.begin(this.sending.head.method, this.#plan);
          this.#sendAgain('any');
        } else this.#host.answerInstead(this.sending.head, this.#instead);
        break;
      case 'tunnel':
        if (!this.#isTunnel) this.#host.onTunnel(this.#response.status, undefined);
    }
    this.#host.client.pump();
  }

  onLinkEnd(): void {
    if (this.#response.endsByClose) {
      this.#response.finishByClose();
      this.#endAnswer();
    } else this.onLinkLost({ during: 'use', wasUsed: this.#host.link?.wasUsed ?? false, broken: false });
  }

  onLinkLost(loss: LinkLoss): void {
    if (this.#mayResend(loss)) this.#sendAgain('new');
    else if (!this.#response.heard && this.#retry()) this.#sendAgain('any');
    else this.#host.onFailed(loss, this.hasBegun);
  }

  /** The service takes too long to begin its answer: another try takes the place of this one, if there may be one. */
  tryElsewhere(): void {
    if (!this.#response.heard && this.#retry()) this.#sendAgain('any');
  }

  dispose(): void {
    this.#up?.dispose();
    this.#down?.dispose();
  }

  /** Whether part of the answer waits for a fault. */
  get isPaced(): boolean {
    return this.#down !== undefined;
  }

  // For the response

  write(bytes: Buffer): void {
    this.#host.toClient(bytes);
  }

  writeBody(bytes: Buffer): void {
    if (this.#down === undefined) this.#host.toClient(bytes);
    else if (!this.#down.write(bytes)) this.#host.link?.pause();
  }

  declines(head: ResponseHead): boolean {
    if (head.fields.bindsConnection) this.#host.onBound();
    if (this.#passage?.isRetried(head.status) === true && this.#retry()) return true;
    if (this.#fallbacks?.isFailure(head.status) !== true) return false;
    this.#instead = this.#host.lookupFallback(this.sending.head, 'failed');
    return this.#instead !== undefined;
  }

  onRecorded(response: ResponseHead, body: Buffer): void {
    const { clock } = this.#host.wire.front;
    const [responseMs, nowMs] = [this.#responseMs, clock.monotonicMs()];
    this.#fallbacks?.keep(this.sending.head, {
      ...{ status: response.status, headers: response.headerPairs(), body },
      ...{ requestMs: this.#sentMs, responseMs, responseWallMs: clock.unixMs() - (nowMs - responseMs) },
    });
  }

  #records(response: ResponseHead): boolean {
    const { head } = this.sending;
    this.#fallbacks?.noteAnswer(head, response.status);
    if (this.#fallbacks?.mayKeep(head, response.status) !== true) return false;
    this.#responseMs = this.#host.wire.front.clock.monotonicMs();
    return true;
  }

  onTunnel(head: ResponseHead): Buffer {
    if (!isWebSocketUpgrade(this.sending.head, head)) return head.bytes.subarray(head.start);
    const { written, rest } = acceptedWebSocket(head);
    this.#host.toClient(written);
    this.#isTunnel = true;
    this.#host.onTunnel(head.status, this.sending.head);
    return rest;
  }

  #passOn(bytes: Buffer): void {
    if (this.#up === undefined) this.#toLink(bytes);
    else if (!this.#up.write(bytes)) this.#host.client.halt(true);
  }

  #toLink(bytes: Buffer): void {
    this.#host.toLink(bytes, this.#sent?.isShort === true);
    this.#sent?.push(bytes);
  }

  #sendAgain(on: 'new' | 'any'): void {
    const pieces = this.#sent?.pieces;
    if (pieces === undefined) throw new Error('a request was to be sent again that is not kept');
    this.#host.sendAgain(pieces, on);
  }

  #endBody(): void {
    if (this.#up === undefined) this.#onSent();
    else this.#up.end();
  }

  /** All of the request has gone on; when faults held its body back, only now. */
  #onSent(): void {
    this.#isSent = true;
    if (this.#up !== undefined && this.#host.client.hasEnded) this.#host.link?.end();
    if (!this.#isAnswered) return;
    this.#host.onComplete();
    if (this.#up !== undefined) this.#host.client.pump();
  }

  #endAnswer(): void {
    if (this.#down === undefined) this.#onAnswered();
    else this.#down.end();
  }

  /** The client has been sent the whole answer. */
  #onAnswered(): void {
    const { head } = this.sending;
    const { status, keepsAlive, continued, surplus } = this.#response;
    this.#isAnswered = true;
    // A client that waited for `100 Continue` in vain may send its body or not: nobody can tell what comes next.
    const inDoubt = this.#requestBody.state !== 'done' && head.fields.expectsContinue && !continued;
    const goesOn = head.keepsAlive && keepsAlive && !inDoubt && !surplus;
    this.#host.onAnswered(status, goesOn);
    if (goesOn && this.#isSent) this.#host.onComplete();
    if (this.#down !== undefined) this.#host.client.pump();
  }

  /** Whether there is another try, at another endpoint if there is one. */
  #retry(): boolean {
    const { head } = this.sending;
    if (this.#passage === undefined || this.#host.client.hasEnded || this.#sent?.isWhole !== true) return false;
    return this.#passage.retry(head.method, this.#host.wire.front.clock.monotonicMs());
  }

  /** Whether the client has been sent anything of the answer. */
  get hasBegun(): boolean {
    return this.#isAnswered || this.#response.status !== 0;
  }

  /**
   * A kept connection may have been closed by the service just as we used it again; then nothing is lost by asking anew. Only what is
   * idempotent, or said to be: nobody can tell whether the service has acted on it, and a proxy must not repeat anything else by itself (RFC
   * 9110 section 9.2.2, RFC 9112 section 9.3.1).
   */
  #mayResend(loss: LinkLoss): boolean {
    if (loss.during === 'dial' || !loss.wasUsed || this.#response.heard || this.#host.client.hasEnded) return false;
    return this.#sent?.isWhole === true;
  }
}
