import type { PeerCertificate } from 'node:tls';
import { FAILURE, IGNORED, SUCCESS, type CircuitBreaker, type Outcome } from '../../resilience/breaker.ts';
import type { BreakerClock } from '../../resilience/breaker-policy.ts';
import { realClock } from '../../runtime/clock.ts';

export interface GrpcStatus<Metadata> {
  readonly code: number;
  readonly details: string;
  readonly metadata: Metadata;
}

/** Hears what comes back on a call (`InterceptingListener` of grpc-js). */
export interface GrpcListener<Metadata> {
  onReceiveMetadata(metadata: Metadata): void;
  onReceiveMessage(message: unknown): void;
  onReceiveStatus(status: GrpcStatus<Metadata>): void;
}

/** Who is at the other end (`AuthContext` of grpc-js). */
export interface GrpcAuthContext {
  transportSecurityType?: string;
  sslPeerCertificate?: PeerCertificate;
}

/** A call as interceptors of grpc-js see it (`InterceptingCallInterface`). */
export interface GrpcCall<Metadata> {
  cancelWithStatus(status: number, details: string): void;
  getPeer(): string;
  start(metadata: Metadata, listener?: Partial<GrpcListener<Metadata>>): void;
  sendMessageWithContext(context: object, message: unknown): void;
  sendMessage(message: unknown): void;
  startRead(): void;
  halfClose(): void;
  getAuthContext(): GrpcAuthContext | null;
}

/** What is used of the module `@grpc/grpc-js`. */
export interface GrpcModule<Call, Metadata> {
  readonly InterceptingCall: new (nextCall: GrpcCall<Metadata>) => Call;
  readonly Metadata: new () => Metadata;
}

/** What stands in `interceptors` of a grpc-js client or call. */
export type GrpcInterceptor<Call, Metadata> = <Options>(
  options: Options,
  nextCall: (options: Options) => GrpcCall<Metadata>,
) => Call;

export interface GrpcBreakerOptions {
  /**
   * Which status codes are failures of the callee. Default: those that OpenTelemetry's semantic conventions count as errors of a server, UNKNOWN,
   * DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE and DATA_LOSS. CANCELLED never counts at all.
   */
  readonly isFailure?: ((code: number) => boolean) | undefined;
  /** Default: the machine's. */
  readonly clock?: BreakerClock | undefined;
}

const CANCELLED = 1;
const UNAVAILABLE = 14;
/** OpenTelemetry, semantic conventions for gRPC, span status of servers. */
const SERVER_FAULTS: ReadonlySet<number> = new Set([2, 4, 12, 13, UNAVAILABLE, 15]);

/**
 * An interceptor for clients of grpc-js that asks the breaker when a call starts and tells it the status that the call ended with; give each
 * callee its own breaker. While it is open a call ends at once with UNAVAILABLE, and its details say so: nothing is sent. `grpc` is the module,
 * as the caller has imported it.
 */
export function grpcBreaker<Call, Metadata>(
  grpc: GrpcModule<Call, Metadata>,
  breaker: CircuitBreaker,
  options: GrpcBreakerOptions = {},
): GrpcInterceptor<Call, Metadata> {
  const { isFailure = isServerFault, clock = realClock } = options;
  const guard: Guard<Metadata> = { breaker, clock, isFailure, createMetadata: () => new grpc.Metadata() };
  return (callOptions, nextCall) => new grpc.InterceptingCall(new GuardedCall(guard, () => nextCall(callOptions)));
}

function isServerFault(code: number): boolean {
  return SERVER_FAULTS.has(code);
}

interface Guard<Metadata> {
  readonly breaker: CircuitBreaker;
  readonly clock: BreakerClock;
  readonly isFailure: (code: number) => boolean;
  readonly createMetadata: () => Metadata;
}

/** A call that is made only when it starts and the breaker allows it: one made earlier would run its deadline's timer for nothing. */
class GuardedCall<Metadata> implements GrpcCall<Metadata> {
  readonly #guard: Guard<Metadata>;
  readonly #createCall: () => GrpcCall<Metadata>;
  #call: GrpcCall<Metadata> | undefined;
  #cancelled: Pick<GrpcStatus<Metadata>, 'code' | 'details'> | undefined;

  constructor(guard: Guard<Metadata>, createCall: () => GrpcCall<Metadata>) {
    this.#guard = guard;
    this.#createCall = createCall;
  }

  start(metadata: Metadata, listener: Partial<GrpcListener<Metadata>> = {}): void {
    const { breaker, clock } = this.#guard;
    if (this.#cancelled !== undefined) {
      this.#end(listener, this.#cancelled);
      return;
    }
    const startMs = clock.monotonicMs();
    const ticket = breaker.allow(startMs);
    if (ticket < 0) {
      this.#end(listener, { code: UNAVAILABLE, details: `circuit breaker ${breaker.name} is open: nothing was sent` });
      return;
    }
    this.#call = this.#createCall();
    this.#call.start(metadata, this.#watch(listener, ticket, startMs));
  }

  /** Cancelled before an outer interceptor has started it, it is never made. */
  cancelWithStatus(code: number, details: string): void {
    if (this.#call === undefined) this.#cancelled ??= { code, details };
    else this.#call.cancelWithStatus(code, details);
  }

  getPeer(): string {
    return this.#call?.getPeer() ?? 'unknown';
  }

  sendMessageWithContext(context: object, message: unknown): void {
    this.#call?.sendMessageWithContext(context, message);
  }

  sendMessage(message: unknown): void {
    this.#call?.sendMessage(message);
  }

  startRead(): void {
    this.#call?.startRead();
  }

  halfClose(): void {
    this.#call?.halfClose();
  }

  getAuthContext(): GrpcAuthContext | null {
    return this.#call?.getAuthContext() ?? null;
  }

  /** A turn later: whoever started the call has to have it in hand when it hears of its end. */
  #end(listener: Partial<GrpcListener<Metadata>>, status: Pick<GrpcStatus<Metadata>, 'code' | 'details'>): void {
    const metadata = this.#guard.createMetadata();
    queueMicrotask(() => listener.onReceiveStatus?.({ ...status, metadata }));
  }

  #watch(listener: Partial<GrpcListener<Metadata>>, ticket: number, startMs: number): GrpcListener<Metadata> {
    const { breaker, clock, isFailure } = this.#guard;
    return {
      onReceiveMetadata: (metadata) => listener.onReceiveMetadata?.(metadata),
      onReceiveMessage: (message) => listener.onReceiveMessage?.(message),
      onReceiveStatus(status) {
        const nowMs = clock.monotonicMs();
        breaker.record(ticket, outcomeOf(status.code, isFailure), nowMs - startMs, nowMs);
        listener.onReceiveStatus?.(status);
      },
    };
  }
}

function outcomeOf(code: number, isFailure: (code: number) => boolean): Outcome {
  if (code === CANCELLED) return IGNORED;
  return isFailure(code) ? FAILURE : SUCCESS;
}
