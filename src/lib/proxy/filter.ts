import { z } from 'zod';
import type { JsonObject } from '../events/json.ts';
import { describeScope, requestOnlyMatch, scopeShape, type Scope } from './scope.ts';
import { PROTOCOLS, type Direction, type Protocol, type RequestView } from './views.ts';

/** What a filter can act on: the bytes of a connection, requests, the messages of a gRPC call or a WebSocket, datagrams. */
export type Layer = 'stream' | 'request' | 'message' | 'datagram';

/** The dice for one request, connection or message: the same answers for the same (seed, fault, key, index), whatever else happens. */
export interface Dice {
  /** A fraction in [0, 1); `salt` tells apart several throws for one decision. */
  fraction(salt: string): number;
}

/** What happens to the bytes of one direction. Times are those of the clock that gave `nowMs`; what is due earlier is due at once. */
export type StreamAction =
  /**
   * Bytes go on at that time, never before what was said earlier. `delayed`: the wait is the fault's doing, and is measured; `paced`: the
   * rate is; `changed`: how many of the bytes are not as they came.
   */
  | {
      readonly do: 'pass';
      readonly bytes: Buffer;
      readonly atMs: number;
      readonly delayed?: boolean;
      readonly paced?: boolean;
      readonly changed?: number;
    }
  /** Bytes go on only when the fault is taken away. */
  | { readonly do: 'hold'; readonly bytes: Buffer }
  /** Bytes are lost. */
  | { readonly do: 'drop'; readonly bytes: number }
  /** The end of this direction goes on. */
  | { readonly do: 'end'; readonly atMs: number; readonly delayed?: boolean }
  /** The connection is closed in order, or by RST. */
  | { readonly do: 'close' | 'reset'; readonly atMs: number }
  /** `onTimer` is called then; a later `wake` replaces an earlier one. */
  | { readonly do: 'wake'; readonly atMs: number };

/** One direction of one connection under one fault: pure, but for the state that it keeps of its own stream. */
export interface StreamMachine {
  /** The fault begins to act on the connection. */
  onOpen?(nowMs: number): readonly StreamAction[];
  onChunk(chunk: Buffer, nowMs: number, dice: Dice): readonly StreamAction[];
  /** The sender has ended its side; without it the end goes on at once. */
  onEnd?(nowMs: number): readonly StreamAction[];
  onTimer?(nowMs: number): readonly StreamAction[];
  /** What the machine made from changed parameters takes over. */
  carry?(): unknown;
  /** How many bytes it keeps itself, to go on with them in `onTimer`: they count as waiting, so that the sender is slowed down. */
  readonly queuedBytes?: number;
  /** Gives up what it keeps itself, in order, and the end if that came behind: the fault is taken away or changed. */
  release?(): readonly (Buffer | 'end')[];
  /** The connection cannot go on without the fault (its data is lost): it is closed when the fault is taken away. */
  readonly closesWhenRemoved?: boolean;
}

export interface StreamPart {
  /** The bytes of every connection, or only of those that turn out to be neither HTTP nor anything else we can read. */
  readonly on: 'any' | 'raw';
  /** Undefined when it does not act in that direction. `carried` is what `carry` gave before the parameters changed. */
  open(direction: Direction, dice: Dice, carried: unknown): StreamMachine | undefined;
}

/** Changes to the head and body of a message on its way. Names are in lower case; null removes. */
export interface MessageEdit {
  readonly method?: string;
  readonly path?: string;
  readonly status?: number;
  readonly query?: Readonly<Record<string, string | null>>;
  /** `query` is the whole query: what it does not name goes away. */
  readonly queryIsWhole?: boolean;
  readonly headers?: Readonly<Record<string, string | null>>;
  /** A new body, or a change of the one there is (undefined: it cannot be changed, and passes as it is). */
  readonly body?: Buffer | ((body: Buffer) => Buffer | undefined);
}

/** What a filter decides about a request. Filters decide; the engine waits, answers, changes and resets. */
export type RequestAction =
  | { readonly do: 'delay'; readonly delayMs: number }
  /** The body is sent on as the machine says, chunk by chunk. */
  | { readonly do: 'pace'; readonly direction: Direction; readonly open: () => StreamMachine }
  | { readonly do: 'edit'; readonly request?: MessageEdit; readonly response?: MessageEdit }
  | RequestEnding;

/** What ends a request early. With `afterMessages` it waits until the service has sent so many gRPC messages. */
export type RequestEnding =
  | {
      readonly do: 'respond';
      readonly status: number;
      readonly headers: readonly (readonly [string, string])[];
      readonly body: Buffer;
    }
  /** HTTP/1: RST of the connection. HTTP/2: RST_STREAM of the request. */
  | { readonly do: 'reset' }
  | {
      readonly do: 'grpc-status';
      readonly code: number;
      readonly message: string;
      /** For `grpc-status-details-bin`. */
      readonly details: Buffer | undefined;
      readonly afterMessages: number;
    }
  | { readonly do: 'reset-stream'; readonly code: number; readonly afterMessages: number }
  | { readonly do: 'goaway'; readonly code: number; readonly debug: string; readonly cut: boolean };

export interface RequestPart {
  /** Requests of another sort are not considered at all. */
  readonly only?: 'http2' | 'grpc';
  onRequest(request: RequestView, dice: Dice): RequestAction | undefined;
}

/** A gRPC message or a WebSocket message, before its payload is read. */
export interface MessageView {
  readonly direction: Direction;
  /** 0, 1, 2 … in its direction. */
  readonly ordinal: number;
  readonly kind: 'grpc' | 'text' | 'binary';
}

export type MessageAction =
  | { readonly do: 'delay'; readonly delayMs: number }
  | { readonly do: 'drop' }
  | { readonly do: 'duplicate' }
  | { readonly do: 'close'; readonly code: number; readonly reason: string };

export interface MessagePart {
  readonly on: 'grpc' | 'websocket';
  /** Undefined: in both. */
  readonly direction?: Direction | undefined;
  onMessage(message: MessageView, dice: Dice): MessageAction | undefined;
}

/** What happens to a datagram. Nothing keeps the order but the times. */
export type DatagramAction =
  /** As with streams; `copy`: the same bytes have gone on, or will, on their own account. */
  | {
      readonly do: 'pass';
      readonly bytes: Buffer;
      readonly atMs: number;
      readonly delayed?: boolean;
      readonly paced?: boolean;
      readonly changed?: number;
      readonly copy?: boolean;
    }
  | { readonly do: 'drop'; readonly bytes: number }
  | { readonly do: 'wake'; readonly atMs: number };

/** One direction of one flow of datagrams under one fault. */
export interface DatagramMachine {
  /** A chosen datagram has come. */
  onDatagram(datagram: Buffer, nowMs: number, dice: Dice): readonly DatagramAction[];
  /** One that was not chosen has gone on. */
  onOther?(nowMs: number): readonly DatagramAction[];
  onTimer?(nowMs: number): readonly DatagramAction[];
  carry?(): unknown;
  /** Gives up the datagrams that it keeps itself, in order: the fault is taken away or changed. */
  release?(): readonly Buffer[];
}

export interface DatagramPart {
  open(direction: Direction, dice: Dice, carried: unknown): DatagramMachine | undefined;
}

/** A fault's part inside the proxy: what it does at each layer. Pure: no clock, no socket, no chance but the dice. */
export interface Filter {
  readonly stream?: StreamPart;
  readonly request?: RequestPart;
  readonly message?: MessagePart;
  readonly datagram?: DatagramPart;
}

export interface FilterDefinition<Shape extends z.ZodRawShape> {
  readonly kind: string;
  readonly summary: string;
  /** Every layer that some parameters make it act on. */
  readonly layers: readonly Layer[];
  /** Its own parameters as written in a scenario; who is meant (`percent`, `match`, …) is the same for all kinds. */
  readonly shape: Shape;
  /** The names of parameters that are paths of files; a scenario means them from its own folder. */
  readonly fileParams?: readonly string[];
  /** What is wrong with parameters that are right each for itself. */
  refine?(
    params: z.output<z.ZodObject<Shape>>,
  ): { readonly path: readonly string[]; readonly message: string } | undefined;
  /** Why these parameters mean nothing on this protocol, where the layers do not tell. */
  misfit?(params: z.output<z.ZodObject<Shape>>, protocol: Protocol): string | undefined;
  /** The parameters in base units, as an effect reports them. */
  requested(params: z.output<z.ZodObject<Shape>>): JsonObject;
  /** Throws AppError when a file that a parameter names cannot be used. */
  create(params: z.output<z.ZodObject<Shape>>): Filter;
}

/** A filter with its parameters. */
export interface BoundFilter {
  readonly filter: Filter;
  readonly scope: Scope;
  readonly requested: JsonObject;
}

/** A filter kind with its private types sealed. */
export interface FilterKind {
  readonly kind: string;
  readonly summary: string;
  readonly layers: readonly Layer[];
  readonly params: z.ZodType;
  /** The names of its own parameters. */
  readonly ownParams: readonly string[];
  /** The names of parameters that are paths of files. */
  readonly fileParams: readonly string[];
  /** Why the parameters, as written, mean nothing on this protocol; undefined when they do. Throws ZodError when they are wrong. */
  misfit(params: unknown, protocol: Protocol): string | undefined;
  /** Throws ZodError when the parameters are wrong. */
  bind(params: unknown): BoundFilter;
}

const LAYERS_OF: Readonly<Record<Protocol, readonly Layer[]>> = {
  auto: ['stream', 'request', 'message'],
  http: ['stream', 'request', 'message'],
  tcp: ['stream'],
  udp: ['datagram'],
};

/** The protocols on which a filter of these layers can act. */
export function protocolsOf(layers: readonly Layer[]): Protocol[] {
  return PROTOCOLS.filter((protocol) => LAYERS_OF[protocol].some((layer) => layers.includes(layer)));
}

export function defineFilter<Shape extends z.ZodRawShape>(definition: FilterDefinition<Shape>): FilterKind {
  const { kind, summary, layers, shape } = definition;
  const params = z.strictObject({ ...shape, ...scopeShape }).superRefine((value, context) => {
    const mistake = definition.refine?.(value as z.output<z.ZodObject<Shape>>);
    if (mistake !== undefined) context.addIssue({ code: 'custom', path: [...mistake.path], message: mistake.message });
  });
  const parse = (raw: unknown): z.output<z.ZodObject<Shape>> & Scope =>
    params.parse(raw) as z.output<z.ZodObject<Shape>> & Scope;
  return {
    kind,
    summary,
    layers,
    params,
    ownParams: Object.keys(shape),
    fileParams: definition.fileParams ?? [],
    misfit(raw, protocol) {
      const value = parse(raw);
      const filter = definition.create(value);
      const fits = LAYERS_OF[protocol].some((layer) => actsAt(filter, layer, protocol));
      if (!fits) return `it acts on ${protocolsOf(layers).join(' and ')} traffic in this form, not on ${protocol}`;
      return definition.misfit?.(value, protocol) ?? matchMisfit(value, filter, protocol);
    },
    bind(raw) {
      const value = parse(raw);
      return {
        filter: definition.create(value),
        scope: value,
        requested: { ...definition.requested(value), ...describeScope(value) },
      };
    },
  };
}

function actsAt(filter: Filter, layer: Layer, protocol: Protocol): boolean {
  if (layer === 'stream') return filter.stream !== undefined && !(protocol === 'http' && filter.stream.on === 'raw');
  return filter[layer] !== undefined;
}

/** Connections and datagrams have no request to match. */
function matchMisfit({ match }: Scope, filter: Filter, protocol: Protocol): string | undefined {
  const seesRequests = protocol !== 'tcp' && protocol !== 'udp' && (filter.request ?? filter.message) !== undefined;
  const key = seesRequests ? undefined : requestOnlyMatch(match);
  if (key === undefined) return undefined;
  return `\`match.${key}\` looks at requests, and this acts on ${protocol === 'udp' ? 'datagrams' : 'the bytes of connections'}`;
}
