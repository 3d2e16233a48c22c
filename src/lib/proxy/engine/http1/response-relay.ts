import { BodyScanner, responseFraming, type BodyFraming } from '../../../wire/http1-body.ts';
import { writeResponseHead } from '../../../wire/http1-head-writer.ts';
import { HeadReader, ResponseHead } from '../../../wire/http1-head.ts';
import { editBody, headEdits, noteEdits, type MessageEdits } from '../message-edits.ts';
import { BodyCollector } from './body-collector.ts';

/**
 * What the bytes of the service have come to: `more` of the response is to come; it is `done`; the connection became a `tunnel`
 * (101, CONNECT); it is `raw`, since it cannot be read as HTTP; or it is `declined`, and nothing of it has gone on.
 */
export type RelayStep = 'more' | 'done' | 'tunnel' | 'raw' | 'declined';

/** Where a response goes. */
export interface ResponseSink {
  write(bytes: Buffer): void;
  /** Bytes of the body, where they have to go another way than the head. */
  writeBody(bytes: Buffer): void;
  /** Whether this answer is not to go on: another one is had in its place. */
  declines(head: ResponseHead): boolean;
  /** A response that was to be kept has come whole. */
  onRecorded(head: ResponseHead, body: Buffer): void;
  /** The head of a tunnel; gives back what is to be written in its place. */
  onTunnel(head: ResponseHead): Buffer;
}

/** What is to be changed of a response. */
export interface ResponsePlan {
  readonly edits: MessageEdits | undefined;
  /** The body goes by `writeBody`. */
  readonly isPaced: boolean;
  /** Whether a response is to be kept as the service sent it, for `onRecorded`. */
  readonly records?: ((head: ResponseHead) => boolean) | undefined;
}

/** A response that is being kept while it passes. */
interface Recording {
  readonly head: ResponseHead;
  readonly collector: BodyCollector;
}

const UNCHANGED: ResponsePlan = { edits: undefined, isPaced: false };

/** Passes responses on to the client, as they are or as faults want them, and finds where each one ends. */
export class ResponseRelay {
  readonly #sink: ResponseSink;
  readonly #reader = new HeadReader(() => new ResponseHead());
  readonly #body = new BodyScanner();
  #method = '';
  #plan = UNCHANGED;
  #untilClose = false;
  #collector: BodyCollector | undefined;
  #head: ResponseHead | undefined;
  #recording: Recording | undefined;
  /** The status of the final response as the client gets it; 0 until its head has come. */
  status = 0;
  keepsAlive = true;
  /** Whether the service has said `100 Continue`. */
  continued = false;
  /** Whether any byte has come since `begin`. */
  heard = false;
  /** Whether bytes came behind the end of the response: the connection to the service cannot be trusted any more. */
  surplus = false;

  constructor(sink: ResponseSink) {
    this.#sink = sink;
  }

  /** A request has been sent; the next bytes answer it. */
  begin(method: string, plan: ResponsePlan = UNCHANGED): void {
    this.#reader.takePartial();
    this.#method = method;
    this.#plan = plan;
    this.#untilClose = false;
    this.#collector = undefined;
    this.#head = undefined;
    this.#recording = undefined;
    this.status = 0;
    this.keepsAlive = true;
    this.continued = false;
    this.heard = false;
    this.surplus = false;
  }

  take(chunk: Buffer): RelayStep {
    this.heard = true;
    return this.status === 0 ? this.#takeHeads(chunk) : this.#takeBody(chunk, 0, 0);
  }

  /** Whether the response ends when the service closes its side. */
  get endsByClose(): boolean {
    return this.#untilClose;
  }

  /** The service has closed its side, and that is the end of the response. */
  finishByClose(): void {
    if (this.#collector !== undefined) this.#deliverCollected(this.#collector);
  }

  /** Interim responses (1xx), then the final head with what follows it. */
  #takeHeads(chunk: Buffer): RelayStep {
    let bytes = chunk;
    let from = 0;
    for (;;) {
      const step = this.#reader.push(bytes, from);
      if (step.state === 'more') return 'more';
      if (step.state === 'bad') {
        this.#sink.write(step.bytes);
        return 'raw';
      }
      const { head } = step;
      const framing = responseFraming(head, this.#method);
      if (framing.body === 'tunnel') {
        this.status = head.status;
        this.#sink.write(this.#sink.onTunnel(head));
        return 'tunnel';
      }
      if (head.status >= 200) return this.#takeFinal(head, framing);
      this.continued ||= head.status === 100;
      this.#sink.write(head.bytes.subarray(head.start, head.end));
      bytes = head.bytes;
      from = head.end;
    }
  }

  #takeFinal(head: ResponseHead, framing: BodyFraming): RelayStep {
    if (this.#sink.declines(head)) return 'declined';
    const { edits, isPaced } = this.#plan;
    this.status = edits?.status ?? head.status;
    this.keepsAlive = head.keepsAlive && framing.body !== 'until-close';
    this.#untilClose = framing.body === 'until-close';
    this.#body.begin(framing);
    if (this.#plan.records?.(head) === true) this.#recording = { head, collector: new BodyCollector(framing) };
    if (edits !== undefined && edits.bodies.length > 0 && this.#method !== 'HEAD') {
      this.#head = head;
      this.#collector = new BodyCollector(framing);
      return this.#takeBody(head.bytes, head.end, head.end);
    }
    if (edits === undefined && !isPaced) return this.#takeBody(head.bytes, head.start, head.end);
    this.#sink.write(
      edits === undefined
        ? head.bytes.subarray(head.start, head.end)
        : writeResponseHead(head, headEdits(edits, undefined)),
    );
    if (edits !== undefined) noteEdits(edits);
    return this.#takeBody(head.bytes, head.end, head.end);
  }

  /** Passes on [from, …) as far as it belongs to the response, whose body goes on at `bodyFrom`. */
  #takeBody(bytes: Buffer, from: number, bodyFrom: number): RelayStep {
    const end = this.#body.scan(bytes, bodyFrom);
    const isBad = this.#body.state === 'bad';
    const whole = isBad ? bytes.length : end;
    if (this.#recording !== undefined) this.#record(this.#recording, bytes.subarray(0, end), bodyFrom);
    if (this.#collector !== undefined) this.#collect(this.#collector, bytes, from, whole, isBad);
    else this.#pass(from === 0 && whole === bytes.length ? bytes : bytes.subarray(from, whole));
    if (isBad) return 'raw';
    if (this.#body.state === 'open') return 'more';
    this.surplus = end < bytes.length;
    return 'done';
  }

  #record({ head, collector }: Recording, bytes: Buffer, bodyFrom: number): void {
    collector.push(bytes, bodyFrom);
    if (!collector.isHopeless && this.#body.state === 'open') return;
    this.#recording = undefined;
    if (this.#body.state === 'done' && collector.isDone) this.#sink.onRecorded(head, collector.body());
  }

  #pass(bytes: Buffer): void {
    if (this.#plan.isPaced) {
      if (bytes.length > 0) this.#sink.writeBody(bytes);
    } else this.#sink.write(bytes);
  }

  #collect(collector: BodyCollector, bytes: Buffer, from: number, end: number, isBad: boolean): void {
    collector.push(bytes.subarray(0, end), from);
    if (isBad || collector.isHopeless) this.#giveUp(collector);
    else if (this.#body.state === 'done') this.#deliverCollected(collector);
  }

  /** The body cannot be changed: it goes on as it came, under a head with the other changes. */
  #giveUp(collector: BodyCollector): void {
    const { head } = this.#take();
    const { edits } = this.#plan;
    for (const { by } of edits?.bodies ?? []) by.account.count('unchangeable');
    this.#sink.write(writeResponseHead(head, headEdits(edits, undefined)));
    this.#pass(collector.raw());
  }

  #deliverCollected(collector: BodyCollector): void {
    const { head, edits } = this.#take();
    const isEncoded = isCompressed(head.header('content-encoding'));
    const body = editBody(edits, collector.body(), isEncoded);
    if (body === undefined) {
      this.#sink.write(writeResponseHead(head, headEdits(edits, undefined)));
      this.#pass(collector.raw());
      return;
    }
    this.#sink.write(
      writeResponseHead(head, withLength(headEdits(edits, undefined), this.status, body.length, isEncoded)),
    );
    this.#pass(body);
    noteEdits(edits);
  }

  #take(): { readonly head: ResponseHead; readonly edits: MessageEdits } {
    const head = this.#head;
    const { edits } = this.#plan;
    this.#collector = undefined;
    this.#head = undefined;
    if (head === undefined || edits === undefined) throw new Error('a body was collected without a head');
    return { head, edits };
  }
}

/** Whether a body is not as it is meant, but compressed. */
export function isCompressed(contentEncoding: string | undefined): boolean {
  return contentEncoding !== undefined && !/^\s*(?:identity)?\s*$/i.test(contentEncoding);
}

/** The head says the new length, in the one way that it can be said. */
function withLength(
  edits: ReturnType<typeof headEdits>,
  status: number,
  bytes: number,
  wasEncoded: boolean,
): ReturnType<typeof headEdits> {
  const set = new Map(edits.set);
  const remove = new Set([...(edits.remove ?? []), 'transfer-encoding', 'trailer']);
  if (wasEncoded) remove.add('content-encoding');
  if (status === 204 || status === 304) remove.add('content-length');
  else set.set('content-length', String(bytes));
  return { ...edits, set, remove };
}
