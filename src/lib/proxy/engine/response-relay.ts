import { BodyScanner, responseFraming } from '../../wire/http1-body.ts';
import { HeadReader, ResponseHead } from '../../wire/http1-head.ts';

/**
 * What the bytes of the service have come to: `more` of the response is to come; it is `done`; the connection became a `tunnel`
 * (101, CONNECT); or it is `raw`, since it cannot be read as HTTP.
 */
export type RelayStep = 'more' | 'done' | 'tunnel' | 'raw';

/** Passes responses on to the client as they are, and finds where each one ends. */
export class ResponseRelay {
  readonly #write: (bytes: Buffer) => void;
  readonly #reader = new HeadReader(() => new ResponseHead());
  readonly #body = new BodyScanner();
  #method = '';
  #untilClose = false;
  /** The status of the final response; 0 until its head has come. */
  status = 0;
  keepsAlive = true;
  /** Whether the service has said `100 Continue`. */
  continued = false;
  /** Whether any byte has come since `begin`. */
  heard = false;
  /** Whether bytes came behind the end of the response: the connection to the service cannot be trusted any more. */
  surplus = false;

  constructor(write: (bytes: Buffer) => void) {
    this.#write = write;
  }

  /** A request has been sent; the next bytes answer it. */
  begin(method: string): void {
    this.#reader.takePartial();
    this.#method = method;
    this.#untilClose = false;
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

  /** Interim responses (1xx), then the final head with what follows it. */
  #takeHeads(chunk: Buffer): RelayStep {
    let bytes = chunk;
    let from = 0;
    for (;;) {
      const step = this.#reader.push(bytes, from);
      if (step.state === 'more') return 'more';
      if (step.state === 'bad') {
        this.#write(step.bytes);
        return 'raw';
      }
      const { head } = step;
      const framing = responseFraming(head, this.#method);
      if (framing.body === 'tunnel') {
        this.status = head.status;
        this.#write(head.bytes.subarray(head.start));
        return 'tunnel';
      }
      if (head.status >= 200) {
        this.status = head.status;
        this.keepsAlive = head.keepsAlive && framing.body !== 'until-close';
        this.#untilClose = framing.body === 'until-close';
        this.#body.begin(framing);
        return this.#takeBody(head.bytes, head.start, head.end);
      }
      this.continued ||= head.status === 100;
      this.#write(head.bytes.subarray(head.start, head.end));
      bytes = head.bytes;
      from = head.end;
    }
  }

  /** Passes on [from, …) as far as it belongs to the response, whose body goes on at `bodyFrom`. */
  #takeBody(bytes: Buffer, from: number, bodyFrom: number): RelayStep {
    const end = this.#body.scan(bytes, bodyFrom);
    if (this.#body.state === 'bad') {
      this.#write(bytes.subarray(from));
      return 'raw';
    }
    this.#write(from === 0 && end === bytes.length ? bytes : bytes.subarray(from, end));
    if (this.#body.state === 'open') return 'more';
    this.surplus = end < bytes.length;
    return 'done';
  }
}
