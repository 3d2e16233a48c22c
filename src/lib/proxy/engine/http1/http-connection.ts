import { BodyScanner, requestFraming } from '../../../wire/http1-body.ts';
import { HeadReader, RequestHead, type HeadProblem } from '../../../wire/http1-head.ts';
import type { Exchange } from '../../exchange.ts';
import { Passage } from '../../protection/passage.ts';
import type { Guard } from '../../protection/guard.ts';
import type { ClientWire } from '../client-wire.ts';
import type { LinkLoss, LinkOwner, UpstreamLink } from '../upstream-link.ts';
import { Tunnel, type TunnelHost } from './tunnel.ts';
import {
  createLinkFailure,
  createRefusal,
  createTimeout,
  createTurnedAway,
  failureOf,
  formatAnswer,
  type Answer,
} from './answer.ts';
import { ClientSide, type ClientOwner } from './client-side.ts';
import { MAX_DISCARD_BYTES, mayDiscard } from './discard.ts';
import { IDLE, type HttpState } from './http-state.ts';
import { RelayedExchange, type ExchangeHost } from './relayed-exchange.ts';
import { RequestIntake, type IntakeHost } from './request-intake.ts';
import { ServiceLinks } from './service-links.ts';
import type { FallbackCause } from '../../../resilience/response-cache.ts';
import { behindHead, createSending, isUnchanged, sentHead, type Sending } from './sending.ts';

/**
 * One client's HTTP/1.x connection, paired with one connection to the service, so that what belongs to a connection (authentication,
 * `Connection: close`, a tunnel) stays with it and no client can disturb another. When its requests are balanced, each has a connection to
 * its endpoint until it is answered, and what makes a connection more than that keeps it from going to anybody else. Bodies pass as bytes.
 */
export class HttpConnection implements ClientOwner, LinkOwner, IntakeHost, ExchangeHost, TunnelHost {
  readonly wire: ClientWire;
  readonly client: ClientSide;
  readonly #requests = new HeadReader(() => new RequestHead());
  readonly #requestBody = new BodyScanner();
  #state: HttpState = IDLE;
  readonly #links: ServiceLinks;
  #exchange: Exchange | undefined;
  /** Of the request that made the connection a tunnel: it counts as under way until the tunnel ends. */
  #tunnelPassage: Passage | undefined;

  /** `link`: one that was begun already, for the first request. */
  constructor(wire: ClientWire, link?: UpstreamLink) {
    this.wire = wire;
    this.client = new ClientSide(wire, this);
    this.#links = new ServiceLinks(wire, this, link);
  }

  get link(): UpstreamLink | undefined {
    return this.#links.current;
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
        state.tunnel.fromClient(bytes);
        return undefined;
      case 'leaving':
      case 'gone':
        return undefined;
    }
  }

  onClientDrain(): void {
    this.#links.current?.resume();
    if (this.#state.at === 'relaying') this.#state.exchange.onClientDrain();
    if (this.#state.at === 'idle') this.client.pump();
  }

  onClientEnd(): void {
    const state = this.#state;
    switch (state.at) {
      case 'idle': {
        const partial = this.#requests.takePartial();
        if (partial === undefined) this.hangUp();
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
        state.tunnel.onClientEnd();
        return;
      case 'discarding':
        this.hangUp();
        return;
      case 'leaving':
      case 'gone':
    }
  }

  onClientReset(): void {
    this.#links.current?.reset();
  }

  onClientCut(): void {
    this.#links.leave();
    this.#endRequest(undefined, 'closed');
    this.hangUp();
  }

  onClientGone(): void {
    const state = this.#state;
    this.#state = { at: 'gone' };
    if (state.at === 'intake') state.intake.cancel();
    if (state.at === 'relaying') state.exchange.dispose();
    if (state.at === 'tunnel') state.tunnel.dispose();
    this.#endRequest(undefined, 'client-gone');
    // A tunnel whose two directions have ended may still have bytes on their way to the service.
    if (state.at === 'tunnel' && this.#links.current?.isEnded === true) this.#links.leave();
    this.#links.dispose();
    this.#tunnelPassage?.release();
  }

  // From the service

  onLinkData(chunk: Buffer): boolean {
    this.wire.front.counters.bytesOut += chunk.length;
    const state = this.#state;
    if (state.at === 'tunnel') return state.tunnel.fromService(chunk);
    if (state.at === 'relaying') state.exchange.onLinkData(chunk);
    else this.#dropLink();
    return false;
  }

  onLinkEnd(): void {
    const state = this.#state;
    if (state.at === 'tunnel') state.tunnel.onServiceEnd();
    else if (state.at === 'relaying') state.exchange.onLinkEnd();
    else this.#dropLink();
  }

  onLinkDrain(): void {
    this.client.halt(false);
  }

  onLinkLost(loss: LinkLoss): void {
    const state = this.#state;
    this.#links.current = undefined;
    if (loss.during === 'dial') this.wire.front.counters.dialFailures++;
    if (state.at === 'tunnel') this.wire.resetAfterWrites();
    else if (state.at === 'relaying') state.exchange.onLinkLost(loss);
    this.client.halt(false);
  }

  // From the exchange under way

  toClient(bytes: Buffer): void {
    if (!this.wire.write(bytes)) this.#links.current?.pause();
  }

  toLink(bytes: Buffer, isRepeatable = false): void {
    const link = this.#links.current ?? this.#links.open(this.#exchange?.passage?.destination, isRepeatable);
    if (this.#exchange !== undefined) this.#exchange.endpoint = link.address;
    if (!link.write(bytes)) this.client.halt(true);
  }

  onAnswered(status: number, goesOn: boolean): void {
    this.#endRequest(status);
    if (this.#links.current !== undefined) this.#links.current.wasUsed = true;
    if (!goesOn) this.hangUp();
  }

  onComplete(): void {
    if (this.#state.at !== 'relaying') return;
    this.#state = IDLE;
    if (this.#links.release()) this.client.halt(false);
  }

  onBound(): void {
    this.#links.keepApart();
  }

  onTunnel(status: number, websocket: RequestHead | undefined): void {
    this.#tunnelPassage = this.#exchange?.passage;
    this.#tunnelPassage?.keep();
    this.#endRequest(status);
    this.#openTunnel(websocket);
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

  lookupFallback(head: RequestHead, cause: FallbackCause): Answer | undefined {
    const { front, view } = this.wire;
    return front.guardFor(view.serverName)?.fallbacks?.lookup(head, cause, front.clock.monotonicMs());
  }

  answerInstead(head: RequestHead, answer: Answer): void {
    this.#dropLink();
    this.answer(head, answer);
  }

  sendAgain(pieces: readonly Buffer[], on: 'new' | 'any'): void {
    this.#dropLink();
    const destination = this.#exchange?.passage?.destination;
    if (on === 'new') this.#links.dial(destination);
    else if (destination !== undefined) this.#links.aim(destination);
    for (const piece of pieces) this.toLink(piece, true);
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
      this.hangUp();
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
    const guard = front.guardFor(view.serverName);
    if (guard !== undefined && !this.#enter(head, exchange, guard)) return behindHead(head);
    const verdict = front.chain.actsOnRequests
      ? front.chain.decideRequest(head, view, 'http1', front.clock.monotonicMs())
      : undefined;
    if (verdict === undefined) return this.#send(createSending(head, exchange));
    const intake = new RequestIntake(this, head, exchange, verdict, this.#requestBody);
    this.#state = { at: 'intake', intake };
    intake.start();
    return behindHead(head);
  }

  /** Whether the service's protection lets it through; otherwise it is answered. */
  #enter(head: RequestHead, exchange: Exchange, guard: Guard): boolean {
    const { front, view } = this.wire;
    const { clock } = front;
    const nowMs = clock.monotonicMs();
    const passage = guard.admit(this.#links.takeFirst(), head, view, nowMs);
    if (!(passage instanceof Passage)) {
      this.answer(head, createTurnedAway(passage));
      return false;
    }
    exchange.passage = passage;
    this.#links.aim(passage.destination);
    passage.arm(clock, (timeoutMs) => this.#onTimeout(head, createTimeout(timeoutMs)));
    passage.armTries(clock, () => {
      if (this.#state.at === 'relaying') this.#state.exchange.tryElsewhere();
    });
    return true;
  }

  #onTimeout(head: RequestHead, answer: Answer): void {
    const state = this.#state;
    if (state.at === 'intake') state.intake.cancel();
    else if (state.at === 'relaying' && !state.exchange.hasBegun) state.exchange.dispose();
    else return;
    this.#dropLink();
    this.answer(head, answer);
    this.client.pump();
  }

  onAdmitted(sending: Sending, written: Buffer, body: Buffer | undefined): void {
    const exchange = this.#relay(sending, written.length);
    if (body === undefined) {
      exchange.relayRequest(written, 0, written.length);
      return;
    }
    exchange.sendHead(written);
    exchange.sendBody(body);
  }

  /** Sends a request on that no fault wants anything of: head and body in one piece, as far as they came in one. */
  #send(sending: Sending): Buffer | undefined {
    const { bytes, start, end } = sending.head;
    if (isUnchanged(sending)) return this.#relay(sending, end - start).relayRequest(bytes, start, end);
    const written = sentHead(sending);
    const exchange = this.#relay(sending, written.length);
    exchange.sendHead(written);
    return exchange.relayRequest(bytes, end, end);
  }

  #relay(sending: Sending, headBytes: number): RelayedExchange {
    const exchange = new RelayedExchange(this, sending, headBytes, this.#requestBody, this.#exchange?.passage);
    this.#state = { at: 'relaying', exchange };
    return exchange;
  }

  #discard(state: Extract<HttpState, { at: 'discarding' }>, bytes: Buffer): Buffer | undefined {
    const end = this.#requestBody.scan(bytes, 0);
    state.leftBytes -= end;
    if (this.#requestBody.state === 'done') this.#state = IDLE;
    else if (this.#requestBody.state === 'bad' || state.leftBytes < 0) this.hangUp();
    return end < bytes.length ? bytes.subarray(end) : undefined;
  }

  /** Answers in the place of the service, then goes on with the connection if its state can be known. */
  answer(head: RequestHead, own: Answer): void {
    const cause = failureOf(own);
    const answer = (cause && this.lookupFallback(head, cause)) ?? own;
    const keepAlive = head.keepsAlive && !this.client.hasEnded && mayDiscard(head, this.#requestBody);
    this.toClient(formatAnswer(answer, keepAlive, head.method === 'HEAD'));
    this.#endRequest(answer.status, answer.marker === 'injected' ? undefined : answer.marker);
    if (!keepAlive) this.hangUp();
    else if (this.#requestBody.state === 'done') this.#state = IDLE;
    else this.#state = { at: 'discarding', leftBytes: MAX_DISCARD_BYTES };
  }

  /** A head that is HTTP, but cannot be trusted. */
  #refuse(problem: HeadProblem): void {
    this.wire.front.counters.requests++;
    this.wire.front.counters.errors++;
    this.toClient(formatAnswer(createRefusal(problem), false, false));
    this.hangUp();
  }

  #openTunnel(websocket: RequestHead | undefined): void {
    if (this.#state.at === 'relaying') this.#state.exchange.dispose();
    this.#state = { at: 'tunnel', tunnel: new Tunnel(this, this.#links, websocket) };
    if (websocket === undefined) this.wire.becomeRaw();
  }

  hangUp(): void {
    if (this.#state.at === 'relaying') this.#state.exchange.dispose();
    this.#dropLink();
    this.#state = { at: 'leaving' };
    this.wire.hangUp();
  }

  destroy(why: string): void {
    this.#endRequest(undefined, why);
    this.wire.reset();
  }

  #dropLink(): void {
    this.#links.drop();
    this.client.halt(false);
  }

  #endRequest(status: number | undefined, error?: string): void {
    this.#exchange?.end(status, error);
    this.#exchange = undefined;
  }
}
