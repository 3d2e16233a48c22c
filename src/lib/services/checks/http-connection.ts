import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { BodyScanner, responseFraming } from '../../wire/http1-body.ts';
import { HeadReader, ResponseHead } from '../../wire/http1-head.ts';
import type { CheckedPlace, CheckTls } from '../health-check.ts';

/**
 * What all connections read into, one after another: what arrives is looked at before the next read, so 200 connections need no 200 buffers,
 * nor a new one for each answer. Answers to health checks are short; longer ones take several reads.
 */
const READ_BUFFER = Buffer.allocUnsafeSlow(16 * 1024);
/** Answers up to this length are remembered, to know them again; health checks that say more than this are rare. */
const LIMIT_KNOWN_BYTES = 1024;

/** Hears of one connection. After `broken`, and after `answered` on one that cannot be reused, the connection is closed. */
export interface ConnectionOwner {
  answered(connection: HttpConnection, status: number): void;
  broken(connection: HttpConnection, reason: string): void;
}

/**
 * One connection to an endpoint, on which a GET is asked again and again; an answer counts once its body has ended.
 *
 *     connecting ─▶ idle ─ask▶ head ─▶ body ─▶ idle        (asking while connecting waits for the connection)
 *                    └───────────┴──────┴─▶ closed
 */
export class HttpConnection {
  /** Whether an answer has come on it before. */
  isUsed = false;
  stage = 'connecting';
  readonly #owner: ConnectionOwner;
  readonly #socket: Socket;
  readonly #reader = new HeadReader(() => new ResponseHead());
  readonly #body = new BodyScanner();
  #state: 'idle' | 'head' | 'body' | 'closed' = 'idle';
  #status = 0;
  #endsWithConnection = false;
  #keepsAlive = false;
  /** The bytes of the last whole answer that came in one piece: the same bytes mean the same again, and need not be parsed. */
  #known: Buffer | undefined;
  #isFirstPiece = false;
  #hasKept = false;

  constructor(place: CheckedPlace, owner: ConnectionOwner, tls?: CheckTls) {
    this.#owner = owner;
    const read = (chunk: Buffer): void => this.#read(chunk);
    this.#socket = tls === undefined ? openPlain(place, read) : openTls(place, tls, read);
    this.#socket.on(tls === undefined ? 'connect' : 'secureConnect', () => (this.stage = 'waiting for the answer'));
    this.#socket.on('end', () => this.#ended());
    this.#socket.on('error', (error) => this.#break(messageOfSocket(error)));
    this.#socket.on('close', () => this.#break(`the connection was closed while ${this.stage}`));
  }

  get isOpen(): boolean {
    return this.#state !== 'closed';
  }

  /** Asks once; the answer before must have come. */
  ask(request: Buffer): void {
    if (this.isUsed) this.stage = 'waiting for the answer';
    this.#state = 'head';
    this.#isFirstPiece = true;
    this.#socket.write(request);
  }

  /** Closes without a word to the owner. */
  close(): void {
    this.#state = 'closed';
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    const isWhole = this.#isFirstPiece;
    this.#isFirstPiece = false;
    if (isWhole && this.#known?.equals(chunk) === true) this.#finish(true);
    else this.#parse(chunk, isWhole);
  }

  #parse(chunk: Buffer, isWhole: boolean): void {
    let bytes = chunk;
    let at = 0;
    while (this.#state === 'head') {
      const step = this.#reader.push(bytes, at);
      if (step.state === 'more') {
        this.#keepPartial();
        return;
      }
      if (step.state === 'bad') {
        this.#break(`the answer is not HTTP/1.1 (${step.problem})`);
        return;
      }
      this.#hasKept = false;
      bytes = step.head.bytes;
      at = step.head.end;
      this.#takeHead(step.head);
    }
    if (this.#state === 'body') {
      this.#readBody(bytes, at);
      this.#known = isWhole && this.#isIdle() && chunk.length <= LIMIT_KNOWN_BYTES ? Buffer.from(chunk) : undefined;
    } else if (this.#state === 'idle') this.#break('it sent something unasked');
  }

  /** The reader holds on to the first piece of a head as it is, which must not be overwritten; later ones it joins to it by copying. */
  #keepPartial(): void {
    if (this.#hasKept) return;
    const partial = this.#reader.takePartial();
    if (partial === undefined) return;
    this.#hasKept = true;
    this.#reader.push(Buffer.from(partial));
  }

  /** Interim answers (RFC 9110 section 15.2) announce the one that counts. */
  #takeHead(head: ResponseHead): void {
    if (head.status === 101) this.#break('the server switched to another protocol');
    if (head.status < 200) return;
    const framing = responseFraming(head, 'GET');
    this.#status = head.status;
    this.#endsWithConnection = framing.body === 'until-close';
    this.#keepsAlive = head.keepsAlive;
    this.#body.begin(framing);
    this.#state = 'body';
    this.stage = 'reading the body';
  }

  #readBody(bytes: Buffer, from: number): void {
    const at = this.#body.scan(bytes, from);
    if (this.#body.state === 'bad') this.#break('the body of the answer is broken');
    else if (this.#body.state === 'done') this.#finish(this.#keepsAlive && at === bytes.length);
  }

  #finish(canGoOn: boolean): void {
    this.#state = 'idle';
    this.isUsed = true;
    this.stage = 'waiting for the next check';
    if (!canGoOn) this.close();
    this.#owner.answered(this, this.#status);
  }

  /** Asked through a function, since the compiler takes a state that was seen before a call for the state after it. */
  #isIdle(): boolean {
    return this.#state === 'idle';
  }

  #ended(): void {
    if (this.#state === 'body' && this.#endsWithConnection) this.#finish(false);
    else this.#break(`the connection was closed while ${this.stage}`);
  }

  #break(reason: string): void {
    if (this.#state === 'closed') return;
    this.close();
    this.#owner.broken(this, reason);
  }
}

function openPlain({ host, port }: CheckedPlace, read: (chunk: Buffer) => void): Socket {
  return connect({
    host,
    port,
    noDelay: true,
    onread: {
      buffer: READ_BUFFER,
      callback: (length, buffer) => {
        read(Buffer.from(buffer.buffer, buffer.byteOffset, length));
        return true;
      },
    },
  });
}

function openTls({ host, port }: CheckedPlace, tls: CheckTls, read: (chunk: Buffer) => void): Socket {
  const { serverName, ca, client, insecure } = tls;
  const socket = connectTls({
    host,
    port,
    ALPNProtocols: ['http/1.1'],
    rejectUnauthorized: !insecure,
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(ca === undefined ? {} : { ca }),
    ...client,
  });
  socket.setNoDelay(true);
  return socket.on('data', read);
}

/** A name with several addresses fails with an AggregateError that has no message of its own. */
export function messageOfSocket(error: Error): string {
  if (error instanceof AggregateError)
    return error.errors.map((one) => (one instanceof Error ? one.message : String(one))).join(', ');
  return error.message;
}
