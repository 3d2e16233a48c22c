import { requestFraming, type BodyScanner } from '../../../wire/http1-body.ts';
import type { RequestHead } from '../../../wire/http1-head.ts';
import type { RequestVerdict } from '../../chain.ts';
import type { Exchange } from '../../exchange.ts';
import type { ClientWire } from '../client-wire.ts';
import { Hold } from '../hold.ts';
import type { Answer } from './answer.ts';
import { BodyCollector } from './body-collector.ts';
import type { ClientSide } from './client-side.ts';
import { createSending, isUnchanged, sentHead, sentWithBody, type Sending } from './sending.ts';

const CONTINUE = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n');

/** What becomes of a request that faults have looked at. */
export interface IntakeHost {
  readonly wire: ClientWire;
  readonly client: ClientSide;
  /** It goes on: `written` is its head; `body` too when that was read to be changed, otherwise it is still to be fed. */
  onAdmitted(sending: Sending, written: Buffer, body: Buffer | undefined): void;
  /** A fault answers in the place of the service. */
  answer(head: RequestHead, answer: Answer): void;
  destroy(why: string): void;
}

/**
 * A request that faults want something of, from its head until it goes on:
 *
 *     head ──▶ held for its delays ──▶ [body collected, to be changed as a whole] ──▶ admitted
 *                                └──▶ answered, or cut off
 */
export class RequestIntake {
  readonly #host: IntakeHost;
  readonly #head: RequestHead;
  readonly #exchange: Exchange;
  readonly #requestBody: BodyScanner;
  readonly #verdict: RequestVerdict;
  readonly #hold: Hold;
  #collecting: { readonly sending: Sending; readonly collector: BodyCollector } | undefined;

  constructor(
    host: IntakeHost,
    head: RequestHead,
    exchange: Exchange,
    verdict: RequestVerdict,
    requestBody: BodyScanner,
  ) {
    this.#host = host;
    this.#head = head;
    this.#exchange = exchange;
    this.#verdict = verdict;
    this.#requestBody = requestBody;
    const { clock } = host.wire.front;
    this.#hold = new Hold(clock, verdict.delays, () => this.#onHeld(), exchange);
  }

  /** Begins to wait; what came behind the head is still to be fed. */
  start(): void {
    if (this.#hold.start()) this.#act();
  }

  get takesBytes(): boolean {
    return this.#collecting !== undefined;
  }

  /** Takes what belongs to the body, and gives back the rest. */
  feed(bytes: Buffer): Buffer | undefined {
    if (this.#collecting === undefined) return bytes;
    const { sending, collector } = this.#collecting;
    const end = this.#requestBody.scan(bytes, 0);
    if (this.#requestBody.state === 'bad') {
      this.#host.destroy('unreadable');
      return undefined;
    }
    collector.push(bytes.subarray(0, end), 0);
    if (this.#requestBody.state === 'done' || collector.isHopeless) this.#admitCollected(sending, collector);
    return end < bytes.length ? bytes.subarray(end) : undefined;
  }

  /**
   * The client has ended its side. It may still wait for its answer; but one that means to use the connection again cannot have half-closed
   * it: it has gone, and a request that we hold back for it is dropped.
   */
  onClientEnd(): void {
    if (this.#collecting !== undefined || this.#head.keepsAlive) this.#host.destroy('client-gone');
  }

  cancel(): void {
    this.#hold.cancel();
  }

  #onHeld(): void {
    this.#act();
    this.#host.client.pump();
  }

  #act(): void {
    const { end } = this.#verdict;
    if (end === undefined || end.by.isRemoved) {
      this.#proceed(createSending(this.#head, this.#exchange, this.#verdict));
      return;
    }
    const { by, action } = end;
    by.account.touched++;
    this.#exchange.hurt(by, action.do);
    if (action.do === 'respond') {
      by.account.count('responses');
      this.#host.answer(this.#head, { ...action, marker: 'injected' });
    } else {
      by.account.count('resets');
      this.#host.destroy('reset');
    }
  }

  #proceed(sending: Sending): void {
    const { head, requestEdits } = sending;
    if (requestEdits === undefined || requestEdits.bodies.length === 0) {
      const written = isUnchanged(sending) ? head.bytes.subarray(head.start, head.end) : sentHead(sending);
      this.#host.onAdmitted(sending, written, undefined);
      return;
    }
    const collector = new BodyCollector(requestFraming(head));
    this.#collecting = { sending, collector };
    if (head.fields.expectsContinue) this.#host.wire.write(CONTINUE);
    if (collector.isDone) this.#admitCollected(sending, collector);
  }

  #admitCollected(sending: Sending, collector: BodyCollector): void {
    const { head, body } = sentWithBody(sending, collector);
    this.#host.onAdmitted(sending, head, body);
  }
}
