import type { Dice, MessageAction, MessageEdit, MessageView, RequestEnding, StreamMachine } from './filter.ts';
import type { InstalledFilter } from './installed-filter.ts';
import { requestKey } from './request-key.ts';
import type { ConnectionView, Direction, RequestView } from './views.ts';

/** Something that one filter wants of a request. */
export interface Wish<Action> {
  readonly by: InstalledFilter;
  readonly action: Action;
}

export interface Delay {
  readonly by: InstalledFilter;
  readonly delayMs: number;
}

export interface Edit {
  readonly request?: MessageEdit;
  readonly response?: MessageEdit;
}

export interface Pace {
  readonly by: InstalledFilter;
  readonly direction: Direction;
  readonly open: () => StreamMachine;
  readonly dice: Dice;
}

/** What the filters of a service want of one request, in their order. */
export interface RequestVerdict {
  /** The delays, one after another, before anything else. */
  readonly delays: readonly Delay[];
  readonly edits: readonly Wish<Edit>[];
  /** What the body's bytes have to go through. */
  readonly paces: readonly Pace[];
  /** Endings that wait for messages of the service. */
  readonly later: readonly Wish<LateEnding>[];
  /** The ending, if any: later filters were not asked. */
  readonly end: Wish<RequestEnding> | undefined;
}

export type LateEnding = Extract<RequestEnding, { readonly afterMessages: number }>;

/** The filters of one service, in the order in which they were added. What ends a request ends the chain. */
export class Chain {
  #all: readonly InstalledFilter[] = [];
  #request: readonly InstalledFilter[] = [];
  #stream: readonly InstalledFilter[] = [];
  #grpc: readonly InstalledFilter[] = [];
  #websocket: readonly InstalledFilter[] = [];
  #datagram: readonly InstalledFilter[] = [];

  get all(): readonly InstalledFilter[] {
    return this.#all;
  }

  /** Filters that act on requests. */
  get actsOnRequests(): boolean {
    return this.#request.length > 0;
  }

  get ofStreams(): readonly InstalledFilter[] {
    return this.#stream;
  }

  get ofDatagrams(): readonly InstalledFilter[] {
    return this.#datagram;
  }

  ofMessages(kind: 'grpc' | 'websocket'): readonly InstalledFilter[] {
    return kind === 'grpc' ? this.#grpc : this.#websocket;
  }

  lookup(id: string): InstalledFilter | undefined {
    return this.#all.find((filter) => filter.id === id);
  }

  add(filter: InstalledFilter): void {
    this.#all = [...this.#all, filter];
    this.sort();
  }

  /** What the filter holds back is still to be let go. */
  remove(id: string): InstalledFilter | undefined {
    const removed = this.lookup(id);
    this.#all = this.#all.filter((filter) => filter !== removed);
    this.sort();
    removed?.remove();
    return removed;
  }

  /** Sorts the filters by where they act; after one of them has taken other parameters. */
  sort(): void {
    const all = this.#all;
    this.#request = all.filter(({ filter }) => filter.request !== undefined);
    this.#stream = all.filter(({ filter }) => filter.stream !== undefined);
    this.#grpc = all.filter(({ filter }) => filter.message?.on === 'grpc');
    this.#websocket = all.filter(({ filter }) => filter.message?.on === 'websocket');
    this.#datagram = all.filter(({ filter }) => filter.datagram !== undefined);
  }

  /** Undefined when every filter lets the request pass. `sort` is what the request is; a filter made for another is not asked. */
  decideRequest(
    request: RequestView,
    connection: ConnectionView,
    sort: RequestSort,
    nowMs: number,
  ): RequestVerdict | undefined {
    let key: string | undefined;
    const keyOf = (): string => (key ??= requestKey(request));
    const verdict = createVerdict();
    let isEmpty = true;
    for (const by of this.#request) {
      if (!takes(by.filter.request?.only, sort)) continue;
      const choice = by.decideRequest(request, connection, nowMs, keyOf);
      if (choice === undefined) continue;
      const { action, dice } = choice;
      isEmpty = false;
      switch (action.do) {
        case 'delay':
          verdict.delays.push({ by, delayMs: action.delayMs });
          break;
        case 'pace':
          verdict.paces.push({ by, direction: action.direction, open: action.open, dice });
          break;
        case 'edit':
          verdict.edits.push({ by, action });
          break;
        default:
          if ('afterMessages' in action && action.afterMessages > 0) verdict.later.push({ by, action });
          else return { ...verdict, end: { by, action } };
      }
    }
    return isEmpty ? undefined : { ...verdict, end: undefined };
  }
}

/** What the filters of a service want of one message, in their order. */
export interface MessageVerdict {
  readonly delays: readonly Delay[];
  readonly duplicates: readonly InstalledFilter[];
  /** What ends the message or the connection: later filters were not asked. */
  readonly end: Wish<MessageEnding> | undefined;
}

export type MessageEnding = Extract<MessageAction, { readonly do: 'drop' | 'close' }>;

/** What a request is: HTTP/1, HTTP/2, or gRPC over HTTP/2. */
export type RequestSort = 'http1' | 'http2' | 'grpc';

/** Undefined when every filter lets the message pass. `keyOf` names the call that it belongs to. */
export function decideMessage(
  filters: readonly InstalledFilter[],
  { request, connection, nowMs }: { request: RequestView; connection: ConnectionView; nowMs: number },
  message: MessageView,
  keyOf: () => string,
): MessageVerdict | undefined {
  const delays: Delay[] = [];
  const duplicates: InstalledFilter[] = [];
  for (const by of filters) {
    const direction = by.filter.message?.direction;
    if (direction !== undefined && direction !== message.direction) continue;
    by.account.offered++;
    if (!by.means(request, connection, nowMs)) continue;
    const action = by.decideMessage(message, keyOf());
    if (action === undefined) continue;
    by.account.touched++;
    if (action.do === 'delay') delays.push({ by, delayMs: action.delayMs });
    else if (action.do === 'duplicate') duplicates.push(by);
    else return { delays, duplicates, end: { by, action } };
  }
  return delays.length + duplicates.length === 0 ? undefined : { delays, duplicates, end: undefined };
}

function takes(only: 'http2' | 'grpc' | undefined, sort: RequestSort): boolean {
  if (only === undefined) return true;
  return only === 'grpc' ? sort === 'grpc' : sort !== 'http1';
}

function createVerdict() {
  return {
    delays: [] as Delay[],
    edits: [] as Wish<Edit>[],
    paces: [] as Pace[],
    later: [] as Wish<LateEnding>[],
  };
}
