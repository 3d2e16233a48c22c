import { decideMessage, type Delay } from '../../chain.ts';
import type { Exchange } from '../../exchange.ts';
import { requestKey } from '../../request-key.ts';
import type { ConnectionView, Direction, RequestView } from '../../views.ts';
import type { Front } from '../front.ts';

/** What faults want of the messages of one gRPC call. */
export class MessageDecisions {
  readonly #front: Front;
  readonly #view: ConnectionView;
  readonly #request: RequestView;
  readonly #exchange: Exchange;
  #key: string | undefined;

  constructor(front: Front, view: ConnectionView, request: RequestView, exchange: Exchange) {
    this.#front = front;
    this.#view = view;
    this.#request = request;
    this.#exchange = exchange;
  }

  /** Whether any fault looks at messages at this moment. */
  get areLookedAt(): boolean {
    return this.#front.chain.ofMessages('grpc').length > 0;
  }

  /** The delays of a message that begins; `ordinal` counts from 1 in each direction. */
  decide(direction: Direction, ordinal: number): readonly Delay[] {
    const { chain, clock } = this.#front;
    const verdict = decideMessage(
      chain.ofMessages('grpc'),
      { request: this.#request, connection: this.#view, nowMs: clock.monotonicMs() },
      { direction, ordinal, kind: 'grpc' },
      () => `${(this.#key ??= requestKey(this.#request))}/${direction}`,
    );
    for (const { by, delayMs } of verdict?.delays ?? []) this.#exchange.hurt(by, 'delay', delayMs);
    return verdict?.delays ?? [];
  }
}
