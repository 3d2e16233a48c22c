import type { HeaderField } from '../../../wire/hpack.ts';
import type { FallbackCause } from '../../../resilience/response-cache.ts';
import type { Fallbacks } from '../../protection/fallbacks.ts';
import type { Passage, TryEnd } from '../../protection/passage.ts';
import type { Front } from '../front.ts';
import { failureOf, type Answer } from '../http1/answer.ts';
import { MAX_EDITED_BODY_BYTES } from '../message-edits.ts';
import { fieldPairs, type Http2Request } from './http2-request.ts';
import { Replay } from './replay.ts';

/** A response that is being kept while it passes. */
interface Recording {
  readonly status: number;
  readonly fields: readonly HeaderField[];
  readonly responseMs: number;
  readonly parts: Buffer[];
  bytes: number;
}

/** What the protection of a service wants of one request over HTTP/2 when it fails: another try, or an answer in the place of the service's. */
export class SecondChance {
  readonly replay = new Replay();
  readonly #front: Front;
  readonly #request: Http2Request;
  readonly #fallbacks: Fallbacks | undefined;
  readonly #sentMs: number;
  #recording: Recording | undefined;
  /** Undefined: the request was not let through. */
  passage: Passage | undefined;

  constructor(front: Front, request: Http2Request, fallbacks: Fallbacks | undefined) {
    this.#front = front;
    this.#request = request;
    // A gRPC message that is kept may be one of many, and a fixed one would have to be encoded.
    this.#fallbacks = request.isGrpc ? undefined : fallbacks;
    this.#sentMs = front.clock.monotonicMs();
  }

  /** Whether there is another try, to where the passage goes by now. */
  retry(end: TryEnd): boolean {
    if (!this.replay.isWhole) return false;
    return this.passage?.retry(this.#request.method, this.#front.clock.monotonicMs(), end) === true;
  }

  /** What is answered in the place of such an answer of ours, if anything. */
  insteadOf(own: Answer): Answer | undefined {
    const cause = failureOf(own);
    return cause && this.fallbackFor(cause);
  }

  fallbackFor(cause: FallbackCause): Answer | undefined {
    return this.#fallbacks?.lookup(this.#request, cause, this.#front.clock.monotonicMs());
  }

  /** The service answers; undefined: that goes on to the client. */
  judge(status: number): 'again' | Answer | undefined {
    if (this.passage?.isRetried(status) === true && this.retry('failed')) return 'again';
    return this.#fallbacks?.isFailure(status) === true ? this.fallbackFor('failed') : undefined;
  }

  /** This answer goes on. */
  begin(status: number, fields: readonly HeaderField[]): void {
    this.replay.drop();
    this.#fallbacks?.noteAnswer(this.#request, status);
    if (this.#fallbacks?.mayKeep(this.#request, status) !== true) return;
    this.#recording = { status, fields, responseMs: this.#front.clock.monotonicMs(), parts: [], bytes: 0 };
  }

  onData(payload: Buffer): void {
    const recording = this.#recording;
    if (recording === undefined) return;
    recording.bytes += payload.length;
    if (recording.bytes > MAX_EDITED_BODY_BYTES) this.#recording = undefined;
    else recording.parts.push(Buffer.from(payload));
  }

  /** The answer is complete. */
  onEnd(): void {
    if (this.#recording === undefined) return;
    const { status, fields, parts, responseMs } = this.#recording;
    this.#recording = undefined;
    const { clock } = this.#front;
    this.#fallbacks?.keep(this.#request, {
      ...{ status, headers: fieldPairs(fields), body: Buffer.concat(parts) },
      ...{ requestMs: this.#sentMs, responseMs, responseWallMs: clock.unixMs() - (clock.monotonicMs() - responseMs) },
    });
  }
}
