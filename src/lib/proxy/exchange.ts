import type { Clock } from '../runtime/clock.ts';
import type { Counters } from './counters.ts';
import type { InstalledFilter } from './installed-filter.ts';
import type { RequestMetrics } from './request-metrics.ts';
import type { ExchangeProtocol, ExchangeTrace, ProxyTracer } from './tracing.ts';
import type { Passage, PassageOutcome } from './protection/passage.ts';
import type { ConnectionView, RequestView } from './views.ts';

/** What all requests of a listener share. */
export interface ExchangeContext {
  readonly service: string;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly metrics: RequestMetrics;
  readonly tracer: ProxyTracer | undefined;
}

/** gRPC statuses that are the service's fault (OpenTelemetry semantic conventions for gRPC servers). */
const GRPC_FAULTS: readonly number[] = [2, 4, 12, 13, 14, 15];

/** Ends that are not the service's doing. */
const NOT_OF_THE_SERVICE: readonly string[] = ['client-gone', 'client-reset', 'closed', 'unreadable'];

/** One request on its way through the proxy: counted, timed, and traced when it is sampled. */
export class Exchange {
  readonly #context: ExchangeContext;
  readonly #protocol: ExchangeProtocol;
  readonly #startedMs: number;
  readonly #trace: ExchangeTrace | undefined;
  /** Where it went, as host:port. */
  endpoint: string | undefined;
  grpcStatus: number | undefined;
  /** Its way through the service's protection, which hears how it ended. */
  passage: Passage | undefined;
  #isOver = false;

  constructor(
    context: ExchangeContext,
    protocol: ExchangeProtocol,
    request: RequestView,
    connection: ConnectionView,
    nowMs: number,
  ) {
    this.#context = context;
    this.#protocol = protocol;
    this.#startedMs = nowMs;
    context.counters.requests++;
    context.counters.inFlight++;
    const { service, tracer } = context;
    this.#trace = tracer?.begin({ service, protocol, request, source: connection.source });
  }

  /** Headers to set on the request as it goes on; undefined when it is not traced. */
  get headers(): Readonly<Record<string, string>> | undefined {
    return this.#trace?.headers;
  }

  /** A fault acts on it. */
  hurt(by: InstalledFilter, action: string, delayMs?: number): void {
    this.#trace?.fault({ fault: by.id, kind: by.kind, action, delayMs });
  }

  /** `status` is what the client got, if anything; `error` why the answer is not complete. Only the first end counts. */
  end(status: number | undefined, error?: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { counters, metrics, clock } = this.#context;
    const nowMs = clock.monotonicMs();
    counters.inFlight--;
    const isFailed = error !== undefined || (status ?? 0) >= 500 || GRPC_FAULTS.includes(this.grpcStatus ?? 0);
    if (isFailed) counters.errors++;
    this.passage?.end(passageOutcome(isFailed, error), nowMs);
    const code = this.grpcStatus === undefined || error !== undefined ? (error ?? String(status ?? 'none')) : undefined;
    metrics.record(this.#protocol, code ?? `grpc ${this.grpcStatus ?? 0}`, nowMs - this.#startedMs, isFailed);
    if (this.#trace === undefined) return;
    const { grpcStatus, endpoint, passage } = this;
    const breaker = passage?.breakerState(nowMs);
    this.#trace.end({ status, grpcStatus, error, endpoint, attempts: passage?.attempts, breaker });
  }
}

/** A client that gives up says nothing of the service, nor does what could not be read. */
function passageOutcome(isFailed: boolean, error: string | undefined): PassageOutcome {
  if (error !== undefined && NOT_OF_THE_SERVICE.includes(error)) return 'ignored';
  return isFailed ? 'failed' : 'ok';
}
