/** A batch on its way out: an ExportLogsServiceRequest in protobuf (opentelemetry-proto 1.x). */
export interface OutgoingBatch {
  /** Not touched by whoever gave it until the result is there, and not kept after it. */
  readonly bytes: Buffer;
  readonly records: number;
}

/** What became of one attempt to send a batch. */
export type ExportResult =
  /** It is there. `rejected` records of it were not taken and never will be. */
  | { readonly kind: 'accepted'; readonly rejected: number; readonly reason: string | undefined }
  /** Not now: the same bytes may be sent again, not before `afterMs`. */
  | { readonly kind: 'later'; readonly afterMs: number | undefined; readonly reason: string }
  /** Never: sending it again would be answered likewise. */
  | { readonly kind: 'refused'; readonly reason: string };

/** Where batches go. One file a kind; retrying, counting and dead letters are laid around it. */
export interface Exporter {
  /** For people: `otlp-http http://127.0.0.1:4318/v1/logs`. */
  readonly name: string;
  /** How many batches may be on their way at once. */
  readonly window: number;
  /** Never rejects; `signal` gives the attempt up, which then counts as `later`. */
  send(batch: OutgoingBatch, signal: AbortSignal): Promise<ExportResult>;
  /** Ends idle connections; resolves when nothing is open any more. */
  close(): Promise<void>;
}

export const ACCEPTED: ExportResult = { kind: 'accepted', rejected: 0, reason: undefined };
