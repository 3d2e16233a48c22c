import type { Socket } from 'node:net';
import { BodyScanner, requestFraming } from '../../wire/http1-body.ts';
import { HeadReader, RequestHead, type HeadProblem } from '../../wire/http1-head.ts';
import type { RequestVerdict } from '../chain.ts';
import { createFailure, createRefusal, formatAnswer, type Answer } from './answer.ts';
import { ClientSide, type ClientOwner } from './client-side.ts';
import type { Connection, Front } from './front.ts';
import { Hold } from './hold.ts';
import { ResponseRelay } from './response-relay.ts';
import type { LinkLoss, LinkOwner, UpstreamLink } from './upstream-link.ts';

/** How much of a request's body is read only to be dropped, so that the connection can go on; beyond it the connection is closed. */
const MAX_DISCARD_BYTES = 1_048_576;
/** Methods that may be sent twice (RFC 9110 section 9.2.2). */
const IDEMPOTENT_METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/**
 * Where a connection stands. One request at a time: what the client sends ahead of its turn waits in ClientSide.
 *
 *     idle ──head──▶ held ──delays over──▶ relaying ──response done──▶ idle
 *       │              └─────answer─────▶ discarding ──body read────▶ idle
 *       └─not HTTP, 101, CONNECT──▶ tunnel         any ──we end it──▶ leaving ──▶ gone
 */
type State =
  | { readonly at: 'idle' }
  | { readonly at: 'held'; readonly head: RequestHead; readonly hold: Hold }
  | Relaying
  | { readonly at: 'discarding'; leftBytes: number }
  | { readonly at: 'tunnel' }
  | { readonly at: 'leaving' }
  | { readonly at: 'gone' };

interface Relaying {
  readonly at: 'relaying';
  readonly head: RequestHead;
  /** The response is complete, the request's body not yet. */
  answered: boolean;
}

const IDLE: State = { at: 'idle' };

/**
 * One client's HTTP/1.x connection, paired with one connection to the service, so that what belongs to a connection (authentication,
 * `Connection: close`, a tunnel) stays with it and no client can disturb another. Bodies pass as bytes.
 */
export class HttpConnection implements Connection, ClientOwner, LinkOwner {
  readonly #client: ClientSide;
  readonly #front: Front;
  readonly #requests = new HeadReader(() => new RequestHead());
  readonly #requestBody = new BodyScanner();
  readonly #response: ResponseRelay;
  #state: State = IDLE;
  #link: UpstreamLink | undefined;
  #inFlight = false;

  constructor(client: Socket, front: Front) {
    this.#client = new ClientSide(client, front, this);
    this.#front = front;
    this.#response = new ResponseRelay((bytes) => this.#toClient(bytes));
  }

  open(): void {
    this.#client.open();
  }

  /** Nothing to do: requests ask the chain one by one, so the next one meets a filter that was added meanwhile. */
  consider(): void {
    return;
  }

  destroy(): void {
    this.#endRequest(true);
    this.#client.reset();
  }

  // From the client

  takesBytes(): boolean {
    switch (this.#state.at) {
      case 'held':
        return false;
      case 'relaying':
        return this.#requestBody.state !== 'done';
      case 'idle':
        // A client that sends requests but does not read our answers to them is not read any further.
        return !this.#client.isFull;
      case 'discarding':
      case 'tunnel':
      case 'leaving':
      case 'gone':
        return true;
    }
  }

  feed(bytes: Buffer): Buffer | undefined {
    switch (this.#state.at) {
      case 'idle':
        return this.#readHead(bytes);
      case 'relaying':
        return this.#relayRequest(this.#state, bytes, 0, 0);
      case 'discarding':
        return this.#discard(this.#state, bytes);
      case 'tunnel':
        this.#toLink(bytes);
        return undefined;
      case 'leaving':
      case 'gone':
        return undefined;
      case 'held':
        return bytes;
    }
  }

  onClientDrain(): void {
    this.#link?.resume();
    if (this.#state.at === 'idle') this.#client.pump();
  }

  onClientEnd(): void {
    switch (this.#state.at) {
      case 'idle': {
        const partial = this.#requests.takePartial();
        if (partial === undefined) this.#hangUp();
        else this.#fallBack(partial);
        return;
      }
      case 'held':
        if (!mayBeHalfClosed(this.#state.head)) this.destroy();
        return;
      case 'relaying':
      case 'tunnel':
        // As without a proxy: the service sees the end, and decides whether it still answers.
        this.#link?.end();
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

  onClientGone(): void {
    const state = this.#state;
    this.#state = { at: 'gone' };
    if (state.at === 'held') state.hold.cancel();
    this.#endRequest(true);
    // A tunnel whose two directions have ended may still have bytes on their way to the service.
    if (state.at === 'tunnel' && this.#link?.isEnded) this.#link.detach();
    else this.#link?.destroy();
    this.#link = undefined;
    this.#front.forget(this);
  }

  #readHead(bytes: Buffer): Buffer | undefined {
    const step = this.#requests.push(bytes);
    switch (step.state) {
      case 'more':
        return undefined;
      case 'bad':
        if (step.problem === 'not-http') this.#fallBack(step.bytes);
        else this.#refuse(step.problem);
        return undefined;
      case 'head':
        return this.#begin(step.head);
    }
  }

  #begin(head: RequestHead): Buffer | undefined {
    const { counters, chain } = this.#front;
    counters.requests++;
    counters.inFlight++;
    this.#inFlight = true;
    this.#requestBody.begin(requestFraming(head));
    const verdict = chain.isEmpty ? undefined : chain.decideRequest(head);
    if (verdict === undefined) return this.#relayRequest(this.#startRelaying(head), head.bytes, head.start, head.end);
    this.#hold(head, verdict);
    return head.end < head.bytes.length ? head.bytes.subarray(head.end) : undefined;
  }

  #hold(head: RequestHead, verdict: RequestVerdict): void {
    const hold = new Hold(this.#front.clock, verdict.delays, () => {
      this.#act(head, verdict);
      this.#client.pump();
    });
    this.#state = { at: 'held', head, hold };
    if (hold.start()) this.#act(head, verdict);
  }

  /** The delays are over: the request goes on, is answered, or is cut off. */
  #act(head: RequestHead, { end }: RequestVerdict): void {
    if (end === undefined || end.by.isRemoved) {
      this.#startRelaying(head);
      this.#toLink(head.bytes.subarray(head.start, head.end));
      return;
    }
    end.by.touch(end.action.do);
    if (end.action.do === 'reset') this.destroy();
    else this.#answer(head, { ...end.action, marker: 'injected' });
  }

  #startRelaying(head: RequestHead): Relaying {
    const state: Relaying = { at: 'relaying', head, answered: false };
    this.#state = state;
    this.#response.begin(head.method);
    return state;
  }

  /** Passes on [from, …) as far as it belongs to the request, whose body goes on at `bodyFrom`. */
  #relayRequest(state: Relaying, bytes: Buffer, from: number, bodyFrom: number): Buffer | undefined {
    const end = this.#requestBody.scan(bytes, bodyFrom);
    if (this.#requestBody.state === 'bad') {
      this.#fallBack(bytes.subarray(from));
      return undefined;
    }
    this.#toLink(from === 0 && end === bytes.length ? bytes : bytes.subarray(from, end));
    if (state.answered && this.#requestBody.state === 'done') this.#state = IDLE;
    return end < bytes.length ? bytes.subarray(end) : undefined;
  }

  #discard(state: Extract<State, { at: 'discarding' }>, bytes: Buffer): Buffer | undefined {
    const end = this.#requestBody.scan(bytes, 0);
    state.leftBytes -= end;
    if (this.#requestBody.state === 'done') this.#state = IDLE;
    else if (this.#requestBody.state === 'bad' || state.leftBytes < 0) this.#hangUp();
    return end < bytes.length ? bytes.subarray(end) : undefined;
  }

  // From the service

  onLinkData(chunk: Buffer): void {
    this.#front.counters.bytesOut += chunk.length;
    if (this.#state.at === 'tunnel') this.#toClient(chunk);
    else if (this.#state.at !== 'relaying') this.#dropLink();
    else if (!this.#state.answered) this.#relayResponse(this.#state, chunk);
    // It answers more than it was asked, and is still being sent a request: nobody can tell what comes next.
    else this.#hangUp();
  }

  onLinkEnd(): void {
    const state = this.#state;
    if (state.at === 'tunnel') this.#client.end();
    else if (state.at !== 'relaying') this.#dropLink();
    else if (this.#response.endsByClose) {
      this.#endRequest(this.#response.status >= 500);
      this.#hangUp();
    } else this.#failExchange(state, { during: 'use', wasUsed: this.#link?.wasUsed ?? false, broken: false });
  }

  onLinkDrain(): void {
    this.#client.halt(false);
  }

  onLinkLost(loss: LinkLoss): void {
    this.#link = undefined;
    if (loss.during === 'dial') this.#front.counters.dialFailures++;
    if (this.#state.at === 'tunnel') this.destroy();
    else if (this.#state.at === 'relaying') this.#failExchange(this.#state, loss);
    this.#client.halt(false);
  }

  #relayResponse(state: Relaying, chunk: Buffer): void {
    switch (this.#response.take(chunk)) {
      case 'more':
        return;
      case 'done':
        this.#finishExchange(state);
        break;
      case 'raw':
        this.#front.counters.fallbacks++;
        this.#openTunnel();
        break;
      case 'tunnel':
        this.#openTunnel();
    }
    this.#client.pump();
  }

  #finishExchange(state: Relaying): void {
    const { head } = state;
    this.#endRequest(this.#response.status >= 500);
    const bodyRead = this.#requestBody.state === 'done';
    // A client that waited for `100 Continue` in vain may send its body or not: nobody can tell what comes next.
    const inDoubt = !bodyRead && head.fields.expectsContinue && !this.#response.continued;
    if (!head.keepsAlive || !this.#response.keepsAlive || inDoubt || this.#response.surplus) this.#hangUp();
    else if (bodyRead) this.#state = IDLE;
    else state.answered = true;
    if (this.#link !== undefined) this.#link.wasUsed = true;
  }

  /** The service went away before the exchange was complete. */
  #failExchange(state: Relaying, loss: LinkLoss): void {
    const { head } = state;
    this.#dropLink();
    if (this.#mayResend(head, loss)) {
      this.#toLink(head.bytes.subarray(head.start, head.end));
      return;
    }
    if (!state.answered && this.#response.status === 0) this.#answer(head, failureOf(loss));
    else if (loss.during === 'use' && loss.broken) this.destroy();
    else {
      // The response was cut short; so is what the client gets.
      this.#endRequest(true);
      this.#hangUp();
    }
    this.#client.pump();
  }

  /** A kept connection may have been closed by the service just as we used it again; then nothing is lost by asking anew. */
  #mayResend(head: RequestHead, loss: LinkLoss): boolean {
    if (loss.during === 'dial' || !loss.wasUsed || this.#response.heard || this.#client.hasEnded) return false;
    return requestFraming(head).body === 'none' && IDEMPOTENT_METHODS.has(head.method);
  }

  // To either side

  #toClient(bytes: Buffer): void {
    if (!this.#client.write(bytes)) this.#link?.pause();
  }

  #toLink(bytes: Buffer): void {
    this.#link ??= this.#front.dial(this);
    if (!this.#link.write(bytes)) this.#client.halt(true);
  }

  /** Answers in the place of the service, then goes on with the connection if its state can be known. */
  #answer(head: RequestHead, answer: Answer): void {
    const bodyRead = this.#requestBody.state === 'done';
    const bodyIsShort = this.#requestBody.remainingBytes <= MAX_DISCARD_BYTES;
    const mayGoOn = bodyRead || (bodyIsShort && !head.fields.expectsContinue);
    const keepAlive = head.keepsAlive && !this.#client.hasEnded && mayGoOn;
    this.#toClient(formatAnswer(answer, keepAlive, head.method === 'HEAD'));
    this.#endRequest(answer.status >= 500);
    if (!keepAlive) this.#hangUp();
    else this.#state = bodyRead ? IDLE : { at: 'discarding', leftBytes: MAX_DISCARD_BYTES };
  }

  /** A head that is HTTP, but cannot be trusted. */
  #refuse(problem: HeadProblem): void {
    this.#front.counters.requests++;
    this.#front.counters.errors++;
    this.#toClient(formatAnswer(createRefusal(problem), false, false));
    this.#hangUp();
  }

  /** What comes cannot be read as HTTP: from here on both directions are raw bytes. */
  #fallBack(bytes: Buffer): void {
    this.#front.counters.fallbacks++;
    this.#openTunnel();
    this.#toLink(bytes);
    if (this.#client.hasEnded) this.#client.pump();
  }

  #openTunnel(): void {
    this.#endRequest(false);
    this.#state = { at: 'tunnel' };
  }

  #hangUp(): void {
    this.#dropLink();
    this.#state = { at: 'leaving' };
    this.#client.hangUp();
  }

  #dropLink(): void {
    this.#link?.destroy();
    this.#link = undefined;
    this.#client.halt(false);
  }

  #endRequest(failed: boolean): void {
    if (!this.#inFlight) return;
    this.#inFlight = false;
    this.#front.counters.inFlight--;
    if (failed) this.#front.counters.errors++;
  }
}

/**
 * Whether a client that has ended its side may still wait for the answer. One that means to use the connection again cannot have
 * half-closed it: it has gone, and a request that we hold back for it is dropped.
 */
function mayBeHalfClosed(head: RequestHead): boolean {
  return !head.keepsAlive;
}

function failureOf(loss: LinkLoss): Answer {
  if (loss.during === 'use') return createFailure(502, 'upstream-closed', 'the service closed before it answered');
  const [status, why] = loss.timedOut ? [504, 'did not answer in time'] : [502, 'refused the connection'];
  return createFailure(status, 'upstream-unreachable', `the service ${why}`);
}
