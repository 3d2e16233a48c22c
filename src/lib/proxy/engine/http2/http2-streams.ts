import type { HeaderField } from '../../../wire/hpack.ts';
import type { RequestEnding } from '../../filter.ts';
import type { Destination } from '../../protection.ts';
import type { Guard } from '../../protection/guard.ts';
import type { ConnectionView } from '../../views.ts';
import type { Front } from '../front.ts';
import type { Http2Side } from './http2-side.ts';

/** What a stream may use of its client's connection. */
export interface Http2Streams<Stream> {
  readonly front: Front;
  readonly view: ConnectionView;
  readonly client: Http2Side;
  /** What the request has to pass; undefined: nothing. */
  readonly guard: Guard | undefined;
  /** Where a connection goes that was begun before the first request; told once. */
  takeFirst(): Destination | undefined;
  /** Finds it a connection to the service; the stream hears of that by `onWay` and `onRouted`, or is turned away. */
  route(stream: Stream): void;
  /** A header block of the client does not reach the service as it was. */
  withhold(): void;
  goAway(stream: Stream, ending: Extract<RequestEnding, { do: 'goaway' }>): void;
  forget(stream: Stream): void;
}

/** A request's fields as they came. */
export interface ReceivedHeaders {
  readonly fields: readonly HeaderField[];
  readonly block: Buffer;
  readonly isEnd: boolean;
}
