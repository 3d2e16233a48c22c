import { encodeCloseFrame, WEBSOCKET_OPCODE, WebSocketScanner } from '../../wire/websocket-frames.ts';
import { randomBytes } from '../../runtime/chance.ts';
import type { Cancel, Clock } from '../../runtime/clock.ts';
import { decideMessage, type Delay, type MessageVerdict } from '../chain.ts';
import { requestKey } from '../request-key.ts';
import type { ConnectionView, Direction, RequestView } from '../views.ts';
import type { Front } from './front.ts';
import { MAX_EDITED_BODY_BYTES } from './message-edits.ts';
import { MessageQueue } from './message-queue.ts';

/** Both ends of the connection that has become a WebSocket. */
export interface WebSocketEnds {
  toClient(bytes: Buffer): void;
  toService(bytes: Buffer): void;
  endClient(): void;
  endService(): void;
  /** The service is told nothing more, and not heard any more. */
  leaveService(): void;
  /** The connection ends in order, on both sides. */
  hangUp(): void;
}

type Item = Buffer | 'end';

const NO_DELAYS: readonly Delay[] = [];
const FIRST_CONTROL_OPCODE = 0x8;
const MASK_BYTES = 4;
/** How long a client may take to answer a close frame. */
const CLOSE_REPLY_MS = 2000;

/**
 * A WebSocket between a client and the service. Frames are followed so that a fault can act on whole messages, and begin or end its work on a
 * connection that has long been open; as long as there is none, the bytes pass as they are.
 *
 *     text, not FIN │ ping │ continuation, FIN       dropping or doubling the message leaves the ping where it is
 */
export class WebSocketTunnel {
  readonly #ends: WebSocketEnds;
  readonly #up: WebSocketDirection;
  readonly #down: WebSocketDirection;
  readonly #clock: Clock;
  #isClosing = false;
  #cancelWait: Cancel | undefined;

  constructor(front: Front, view: ConnectionView, request: RequestView, ends: WebSocketEnds) {
    this.#ends = ends;
    this.#clock = front.clock;
    front.counters.spoken.websocket++;
    const close = (code: number, reason: string): void => this.#close(code, reason);
    this.#up = new WebSocketDirection('upstream', front, view, request, {
      write: (bytes) => ends.toService(bytes),
      end: () => ends.endService(),
      close,
    });
    this.#down = new WebSocketDirection('downstream', front, view, request, {
      write: (bytes) => ends.toClient(bytes),
      end: () => ends.endClient(),
      close,
    });
  }

  fromClient(bytes: Buffer): void {
    if (!this.#isClosing) this.#up.take(bytes);
    else if (this.#up.holdsClose(bytes)) this.#hangUp();
  }

  fromService(bytes: Buffer): void {
    if (!this.#isClosing) this.#down.take(bytes);
  }

  onClientEnd(): void {
    if (this.#isClosing) this.#hangUp();
    else this.#up.end();
  }

  onServiceEnd(): void {
    if (!this.#isClosing) this.#down.end();
  }

  dispose(): void {
    this.#cancelWait?.();
    this.#up.dispose();
    this.#down.dispose();
  }

  /** Both ends are told, as each would be by the other; a client's frames are masked (RFC 6455 section 5.3). */
  #close(code: number, reason: string): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    const [tellsClient, tellsService] = [this.#down.mayInsert, this.#up.mayInsert];
    this.dispose();
    if (tellsClient) this.#ends.toClient(encodeCloseFrame(code, reason, undefined));
    if (tellsService) this.#ends.toService(encodeCloseFrame(code, reason, randomBytes(MASK_BYTES)));
    this.#ends.leaveService();
    // A client that sees the end before it could answer the close frame takes the connection for broken (code 1006).
    if (tellsClient) this.#cancelWait = this.#clock.after(CLOSE_REPLY_MS, () => this.#hangUp());
    else this.#hangUp();
  }

  #hangUp(): void {
    this.#cancelWait?.();
    this.#ends.hangUp();
  }
}

interface DirectionSink {
  write(bytes: Buffer): void;
  end(): void;
  close(code: number, reason: string): void;
}

class WebSocketDirection {
  readonly #direction: Direction;
  readonly #front: Front;
  readonly #view: ConnectionView;
  readonly #request: RequestView;
  readonly #sink: DirectionSink;
  readonly #scanner = new WebSocketScanner();
  readonly #queue: MessageQueue<Item>;
  /** What is wanted of the message under way. */
  #verdict: MessageVerdict | undefined;
  #copy: Buffer[] = [];
  #copiedBytes = 0;
  #messages = 0;
  #key: string | undefined;
  #isOver = false;
  /** The header of a frame that is to be decided about may have gone out in part: nothing can be inserted then. */
  #isMidFrame = false;

  constructor(direction: Direction, front: Front, view: ConnectionView, request: RequestView, sink: DirectionSink) {
    this.#direction = direction;
    this.#front = front;
    this.#view = view;
    this.#request = request;
    this.#sink = sink;
    this.#queue = new MessageQueue(front.clock, front.budget, (item) => this.#deliver(item));
  }

  /** Whether a frame of our own may stand where we are. */
  get mayInsert(): boolean {
    return !this.#isMidFrame && this.#queue.isEmpty;
  }

  take(bytes: Buffer): void {
    const scanner = this.#scanner;
    let from = 0;
    for (let at = 0; at < bytes.length && !this.#isOver;) {
      const begins = scanner.isAtBoundary;
      const end = scanner.scan(bytes, at);
      const isControl = scanner.opcode >= FIRST_CONTROL_OPCODE;
      if (begins && scanner.startsMessage && scanner.problem === undefined) {
        const verdict = this.#decide();
        if (verdict !== undefined) {
          this.#pass(bytes.subarray(from, at), NO_DELAYS);
          from = at;
          this.#begin(verdict);
          if (this.#isStopped()) return;
        }
      }
      if (this.#verdict !== undefined && scanner.problem === undefined) {
        this.#takeHurt(this.#verdict, bytes.subarray(at, end), isControl, begins);
        from = end;
      }
      at = end;
      if (!isControl && scanner.isAtBoundary && scanner.endsMessage) this.#finishMessage();
    }
    this.#isMidFrame = !scanner.isAtBoundary && this.#verdict?.end?.action.do !== 'drop';
    this.#pass(bytes.subarray(from), NO_DELAYS);
  }

  end(): void {
    this.#queue.push('end', 0);
  }

  /** Follows bytes that go nowhere any more, up to a close frame. */
  holdsClose(bytes: Buffer): boolean {
    for (let at = 0; at < bytes.length;) {
      at = this.#scanner.scan(bytes, at);
      if (this.#scanner.opcode === WEBSOCKET_OPCODE.close) return true;
    }
    return false;
  }

  dispose(): void {
    this.#isOver = true;
    this.#queue.clear();
  }

  /** A method, since beginning a message may end the connection. */
  #isStopped(): boolean {
    return this.#isOver;
  }

  #decide(): MessageVerdict | undefined {
    const ordinal = this.#messages++;
    const filters = this.#front.chain.ofMessages('websocket');
    if (filters.length === 0) return undefined;
    return decideMessage(
      filters,
      { request: this.#request, connection: this.#view, nowMs: this.#front.clock.monotonicMs() },
      {
        direction: this.#direction,
        ordinal,
        kind: this.#scanner.opcode === WEBSOCKET_OPCODE.text ? 'text' : 'binary',
      },
      () => (this.#key ??= `${requestKey(this.#request)}/${this.#direction}`),
    );
  }

  #begin(verdict: MessageVerdict): void {
    this.#verdict = verdict;
    const { end } = verdict;
    if (end === undefined) return;
    if (end.action.do === 'drop') end.by.account.count('droppedMessages');
    else {
      end.by.account.count('closes');
      this.#isMidFrame = false;
      this.#sink.close(end.action.code, end.action.reason);
    }
  }

  #takeHurt(verdict: MessageVerdict, piece: Buffer, isControl: boolean, begins: boolean): void {
    if (verdict.end !== undefined && !isControl) return;
    const isFirst = begins && this.#scanner.startsMessage;
    this.#pass(piece, isFirst ? verdict.delays : NO_DELAYS);
    if (isControl || verdict.duplicates.length === 0) return;
    this.#copiedBytes += piece.length;
    if (this.#copiedBytes <= MAX_EDITED_BODY_BYTES) this.#copy.push(Buffer.from(piece));
  }

  #finishMessage(): void {
    const verdict = this.#verdict;
    this.#verdict = undefined;
    if (verdict === undefined) return;
    if (verdict.duplicates.length > 0 && verdict.end === undefined) this.#duplicate(verdict);
    this.#copy = [];
    this.#copiedBytes = 0;
  }

  #duplicate({ duplicates }: MessageVerdict): void {
    const isTooLong = this.#copiedBytes > MAX_EDITED_BODY_BYTES;
    const copy = Buffer.concat(this.#copy);
    for (const { account } of duplicates) {
      account.count(isTooLong ? 'unchangeable' : 'duplicates');
      if (!isTooLong) this.#pass(copy, NO_DELAYS);
    }
  }

  #pass(bytes: Buffer, delays: readonly Delay[]): void {
    if (bytes.length > 0) this.#queue.push(bytes, bytes.length, delays);
  }

  #deliver(item: Item): void {
    if (item === 'end') this.#sink.end();
    else this.#sink.write(item);
  }
}
