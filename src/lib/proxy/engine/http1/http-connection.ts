import { BodyScanner, requestFraming } from '../../../wire/http1-body.ts';
import { HeadReader, RequestHead, type HeadProblem } from '../../../wire/http1-head.ts';
import type { Exchange } from '../../exchange.ts';
import type { ClientWire } from '../client-wire.ts';
import type { LinkLoss, LinkOwner, UpstreamLink } from '../upstream-link.ts';
import { WebSocketTunnel } from '../websocket-tunnel.ts';
import { createLinkFailure, createRefusal, formatAnswer, type Answer } from './answer.ts';
import { ClientSide, type ClientOwner } from './client-side.ts';
import { IDLE, type HttpState } from './http-state.ts';
import { RelayedExchange, type ExchangeHost } from './relayed-exchange.ts';
import { RequestIntake, type IntakeHost } from './request-intake.ts';
import { createSending, isUnchanged, sentHead, type Sending } from './sending.ts';

/** How much of a request's body is read only to be dropped, so that the connection can go on; beyond it the connection is closed. */
const MAX_DISCARD_BYTES = 1_048_576;
const HTTP1_ALPN = ['http/1.1'];

/**
 * One client's HTTP/1.x connection, paired with one connection to the service, so that what belongs to a connection (authentication,
 * `Connection: close`, a tunnel) stays with it and no client can disturb another. Bodies pass as bytes.
 */
export class HttpConnection implements ClientOwner, LinkOwner, IntakeHost, ExchangeHost {
  readonly wire: ClientWire;
  readonly client: ClientSide;
  readonly #requests = new HeadReader(() => new RequestHead());
  readonly #requestBody = new BodyScanner();
  #state: HttpState = IDLE;
  #link: UpstreamLink | undefined;
  #exchange: Exchange | undefined;

  /** `link`: one that was begun already, for the first request. */
  constructor(wire: ClientWire, link?: UpstreamLink) {
    this.wire = wire;
    this.client = new ClientSide(wire, this);
    this.#link = link;
    link?.handTo(this);
  }

  get link(): UpstreamLink | undefined {
    return this.#link;
  }

  /** Begins; what the client sent before goes first. */
  open(first?: Buffer): void {
    this.wire.hand(this.client, first);
  }

  // From the client

  takesBytes(): boolean {
    const state = this.#state;
    if (state.at === 'intake') return state.intake.takesBytes;
    if (state.at === 'relaying') return state.exchange.takesBytes;
    // A client that sends requests but does not read our answers to them is not read any further.
    return state.at !== 'idle' || !this.wire.isFull;
  }

  feed(bytes: Buffer): Buffer | undefined {
    const state = this.#state;
    switch (state.at) {
      case 'idle':
        return this.#readHead(bytes);
      case 'intake':
        return state.intake.feed(bytes);
      case 'relaying':
        return state.exchange.relayRequest(bytes, 0, 0);
      case 'discarding':
        return this.#discard(state, bytes);
      case 'tunnel':
        if (state.websocket === undefined) this.toLink(bytes);
        else state.websocket.fromClient(bytes);
        return undefined;
      case 'leaving':
      case 'gone':
        return undefined;
    }
  }

  onClientDrain(): void {
    this.#link?.resume();
    if (this.#state.at === 'relaying') this.#state.exchange.onClientDrain();
    if (this.#state.at === 'idle') this.client.pump();
  }

  onClientEnd(): void {
    const state = this.#state;
    switch (state.at) {
      case 'idle': {
        const partial = this.#requests.takePartial();
        if (partial === undefined) this.#hangUp();
        else this.onUnreadable(partial);
        return;
      }
      case 'intake':
        state.intake.onClientEnd();
        return;
      case 'relaying':
        state.exchange.onClientEnd();
        return;
      case 'tunnel':
        if (state.websocket === undefined) this.#link?.end();
        else state.websocket.onClientEnd();
        return;
      case 'discarding':
        this.#hangUp();
        return;
      case 'leaving':
      case 'gone':
    }
  }

  onClientReset(): void {
    this.#link?.reset();
  }

  onClientCut(): void {
    this.#leaveService();
    this.#endRequest(undefined, 'closed');
    this.#hangUp();
  }

  onClientGone(): void {
    const state = this.#state;
    this.#state = { at: 'gone' };
    if (state.at === 'intake') state.intake.cancel();
    if (state.at === 'relaying') state.exchange.dispose();
    if (state.at === 'tunnel') state.websocket?.dispose();
    this.#endRequest(undefined, 'client-gone');
    // A tunnel whose two directions have ended may still have bytes on their way to the service.
    if (state.at === 'tunnel' && this.#link?.isEnded === true) this.#link.detach();
    else this.#link?.destroy();
    this.#link = undefined;
  }

  // From the service

  onLinkData(chunk: Buffer): boolean {
    this.wire.front.counters.bytesOut += chunk.length;
    const state = this.#state;
    if (state.at === 'tunnel') {
      if (state.websocket === undefined) this.toClient(chunk);
      else state.websocket.fromService(chunk);
      // What a WebSocket's queue still needs must not be read over.
      return state.websocket === undefined && this.wire.isFlushed;
    }
    if (state.at === 'relaying') state.exchange.onLinkData(chunk);
    else this.#dropLink();
    return false;
  }

  onLinkEnd(): void {
    const state = this.#state;
    if (state.at === 'tunnel') {
      if (state.websocket === undefined) this.wire.end();
      else state.websocket.onServiceEnd();
    } else if (state.at === 'relaying') state.exchange.onLinkEnd();
    else this.#dropLink();
  }

  onLinkDrain(): void {
    this.client.halt(false);
  }

  onLinkLost(loss: LinkLoss): void {
    const state = this.#state;
    this.#link = undefined;
    if (loss.during === 'dial') this.wire.front.counters.dialFailures++;
    if (state.at === 'tunnel') this.wire.resetAfterWrites();
    else if (state.at === 'relaying') state.exchange.onLinkLost(loss);
    this.client.halt(false);
  }

  // From the exchange under way

  toClient(bytes: Buffer): void {
    if (!this.wire.write(bytes)) this.#link?.pause();
  }

  toLink(bytes: Buffer): void {
    this.#link ??= this.wire.front.dial(this, { alpn: HTTP1_ALPN, serverName: this.wire.view.serverName });
    if (this.#exchange !== undefined) this.#exchange.endpoint = this.#link.address;
    if (!this.#link.write(bytes)) this.client.halt(true);
  }

  onAnswered(status: number, goesOn: boolean): void {
    this.#endRequest(status);
    if (this.#link !== undefined) this.#link.wasUsed = true;
    if (!goesOn) this.#hangUp();
  }

  onComplete(): void {
    if (this.#state.at === 'relaying') this.#state = IDLE;
  }

  onTunnel(status: number, websocket: RequestHead | undefined): void {
    this.#endRequest(status);
    this.#openTunnel(websocket && this.#createWebSocket(websocket));
  }

  /** From here on both directions are raw bytes. */
  onUnreadable(bytes: Buffer | undefined): void {
    this.wire.front.counters.fallbacks++;
    // What faults hold back of an answer would come too late.
    if (this.#state.at === 'relaying' && this.#state.exchange.isPaced) {
      this.destroy('unreadable');
      return;
    }
    this.#endRequest(undefined, 'unreadable');
    this.#openTunnel(undefined);
    if (bytes !== undefined) this.toLink(bytes);
    if (this.client.hasEnded) this.client.pump();
  }

  sendAgain(head: Buffer): void {
    this.#dropLink();
    this.toLink(head);
  }

  onFailed(loss: LinkLoss, hasBegun: boolean): void {
    const state = this.#state;
    this.#dropLink();
    if (state.at !== 'relaying') return;
    if (!hasBegun) this.answer(state.exchange.sending.head, createLinkFailure(loss));
    else if (loss.during === 'use' && loss.broken) this.destroy('upstream-reset');
    else {
      // The response was cut short; so is what the client gets.
      this.#endRequest(undefined, 'upstream-closed');
      this.#hangUp();
    }
    this.client.pump();
  }

  // Requests

  #readHead(bytes: Buffer): Buffer | undefined {
    const step = this.#requests.push(bytes);
    switch (step.state) {
      case 'more':
        return undefined;
      case 'bad':
        if (step.problem === 'not-http') this.onUnreadable(step.bytes);
        else this.#refuse(step.problem);
        return undefined;
      case 'head':
        return this.#begin(step.head);
    }
  }

  #begin(head: RequestHead): Buffer | undefined {
    const { front, view } = this.wire;
    const exchange = front.beginExchange('http/1.1', head, view);
    this.#exchange = exchange;
    this.#requestBody.begin(requestFraming(head));
    const verdict = front.chain.actsOnRequests
      ? front.chain.decideRequest(head, view, 'http1', front.clock.monotonicMs())
      : undefined;
    if (verdict === undefined) return this.#send(createSending(head, exchange));
    const intake = new RequestIntake(this, head, exchange, verdict, this.#requestBody);
    this.#state = { at: 'intake', intake };
    intake.start();
    return head.end < head.bytes.length ? head.bytes.subarray(head.end) : undefined;
  }

  onAdmitted(sending: Sending, written: Buffer, body: Buffer | undefined): void {
    const exchange = this.#relay(sending, written);
    if (body === undefined) {
      exchange.relayRequest(written, 0, written.length);
      return;
    }
    this.toLink(written);
    exchange.sendBody(body);
  }

  /** Sends a request on that no fault wants anything of: head and body in one piece, as far as they came in one. */
  #send(sending: Sending): Buffer | undefined {
    const { bytes, start, end } = sending.head;
    if (isUnchanged(sending)) return this.#relay(sending, bytes.subarray(start, end)).relayRequest(bytes, start, end);
    const written = sentHead(sending);
    const exchange = this.#relay(sending, written);
    this.toLink(written);
    return exchange.relayRequest(bytes, end, end);
  }

  #relay(sending: Sending, written: Buffer): RelayedExchange {
    const exchange = new RelayedExchange(this, sending, written, this.#requestBody);
    this.#state = { at: 'relaying', exchange };
    return exchange;
  }

  #discard(state: Extract<HttpState, { at: 'discarding' }>, bytes: Buffer): Buffer | undefined {
    const end = this.#requestBody.scan(bytes, 0);
    state.leftBytes -= end;
    if (this.#requestBody.state === 'done') this.#state = IDLE;
    else if (this.#requestBody.state === 'bad' || state.leftBytes < 0) this.#hangUp();
    return end < bytes.length ? bytes.subarray(end) : undefined;
  }

  /** Answers in the place of the service, then goes on with the connection if its state can be known. */
  answer(head: RequestHead, answer: Answer): void {
    const bodyRead = this.#requestBody.state === 'done';
    const bodyIsShort = this.#requestBody.remainingBytes <= MAX_DISCARD_BYTES;
    const mayGoOn = bodyRead || (bodyIsShort && !head.fields.expectsContinue);
    const keepAlive = head.keepsAlive && !this.client.hasEnded && mayGoOn;
    this.toClient(formatAnswer(answer, keepAlive, head.method === 'HEAD'));
    this.#endRequest(answer.status, answer.marker === 'injected' ? undefined : answer.marker);
    if (!keepAlive) this.#hangUp();
    else this.#state = bodyRead ? IDLE : { at: 'discarding', leftBytes: MAX_DISCARD_BYTES };
  }

  /** A head that is HTTP, but cannot be trusted. */
  #refuse(problem: HeadProblem): void {
    this.wire.front.counters.requests++;
    this.wire.front.counters.errors++;
    this.toClient(formatAnswer(createRefusal(problem), false, false));
    this.#hangUp();
  }

  #openTunnel(websocket: WebSocketTunnel | undefined): void {
    if (this.#state.at === 'relaying') this.#state.exchange.dispose();
    this.#state = { at: 'tunnel', websocket };
    if (websocket === undefined) this.wire.becomeRaw();
  }

  #createWebSocket(head: RequestHead): WebSocketTunnel {
    return new WebSocketTunnel(this.wire.front, this.wire.view, head, {
      toClient: (bytes) => this.toClient(bytes),
      toService: (bytes) => this.toLink(bytes),
      endClient: () => this.wire.end(),
      endService: () => this.#link?.end(),
      leaveService: () => this.#leaveService(),
      hangUp: () => this.#hangUp(),
    });
  }

  #hangUp(): void {
    if (this.#state.at === 'relaying') this.#state.exchange.dispose();
    this.#dropLink();
    this.#state = { at: 'leaving' };
    this.wire.hangUp();
  }

  destroy(why: string): void {
    this.#endRequest(undefined, why);
    this.wire.reset();
  }

  /** What was sent to it still goes out. */
  #leaveService(): void {
    this.#link?.end();
    this.#link?.detach();
    this.#link = undefined;
  }

  #dropLink(): void {
    this.#link?.destroy();
    this.#link = undefined;
    this.client.halt(false);
  }

  #endRequest(status: number | undefined, error?: string): void {
    this.#exchange?.end(status, error);
    this.#exchange = undefined;
  }
}
