import root from 'otlp-transformer-0.57/build/src/generated/root.js';
import { createLogKernel, type LogBatch, type LogFile, type LogKernel } from '../../../src/lib/wire/otlp-log-kernel.ts';

/** A log record as an independent decoder gives it: protobufjs, with OpenTelemetry's own descriptions of the messages. */
export interface DecodedRecord {
  readonly timeUnixNano: string;
  readonly observedTimeUnixNano: string;
  readonly severityNumber?: number;
  readonly severityText?: string;
  readonly body: { readonly stringValue: string };
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
  readonly traceId?: Buffer;
  readonly spanId?: Buffer;
}

export interface DecodedRequest {
  readonly resourceLogs: readonly {
    readonly resource: { readonly attributes?: DecodedRecord['attributes'] };
    readonly scopeLogs: readonly {
      readonly scope: { readonly name: string; readonly version?: string };
      readonly logRecords: readonly DecodedRecord[];
    }[];
  }[];
}

interface Message {
  decode(bytes: Uint8Array): object;
  encode(message: object): { finish(): Uint8Array };
  toObject(message: object, options: object): DecodedRequest;
}
interface Packages {
  readonly opentelemetry: {
    readonly proto: { readonly collector: { readonly logs: { readonly v1: Record<string, Message> } } };
  };
}
const request = (root as unknown as Packages).opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest!;

export function decodeRequest(bytes: Buffer): DecodedRequest {
  return request.toObject(request.decode(bytes), { longs: String, enums: Number, bytes: Buffer });
}

/** How long the same message is in protobufjs's encoding. */
export function lengthReencoded(bytes: Buffer): number {
  return request.encode(request.decode(bytes)).finish().length;
}

export function recordsOf(bytes: Buffer): readonly DecodedRecord[] {
  return decodeRequest(bytes).resourceLogs.flatMap(({ scopeLogs }) => scopeLogs.flatMap((one) => one.logRecords));
}

/** A file to be read, which need not be in memory. */
export interface Source {
  readonly length: number;
  copy(target: Buffer, targetStart: number, from: number, to: number): number;
}

export interface Shipped {
  readonly records: DecodedRecord[];
  readonly batches: Omit<LogBatch, 'bytes'>[];
}

/** Every batch has to be as short as protobufjs would make it. */
function checkedRecordsOf(bytes: Buffer): readonly DecodedRecord[] {
  if (lengthReencoded(bytes) !== bytes.length) throw new Error('a batch is longer than need be');
  return recordsOf(bytes);
}

/** Reads and frames a file to its end as a tailer does; `readBytes` is how much each read gives at most. */
export function ship(kernel: LogKernel, file: LogFile, source: Source, readBytes: (at: number) => number): Shipped {
  const shipped: Shipped = { records: [], batches: [] };
  let position = 0;
  let kept = 0;
  let offset = 0;
  let isHead = false;
  while (offset < source.length) {
    const wanted = isHead ? kernel.landing.length : Math.min(Math.max(1, readBytes(position)), kernel.landing.length);
    const to = Math.min(source.length, position + wanted);
    const bytes = source.copy(kernel.landing, 0, position, to);
    const ending = to === source.length ? 'last' : 'more';
    let status = kernel.frame(file, -kept, bytes, offset, 1_796_126_400_000, ending);
    for (
      ;
      status === 'full';
      status = kernel.frame(file, kernel.rest, bytes, kernel.nextOffset, 1_796_126_400_000, ending)
    ) {
      drain(kernel, shipped);
    }
    if (status === 'no-batch') throw new Error('a batch was not released');
    isHead = status === 'head-needed';
    offset = kernel.nextOffset;
    position += bytes;
    kept = isHead ? 0 : kernel.keepRest(bytes);
    if (offset !== position - kept) [position, kept] = [offset, 0];
  }
  drain(kernel, shipped);
  return shipped;
}

export function drain(kernel: LogKernel, shipped: Shipped): void {
  const batch = kernel.takeBatch();
  if (batch === undefined) return;
  const { bytes, ...rest } = batch;
  shipped.records.push(...checkedRecordsOf(bytes));
  shipped.batches.push(rest);
  kernel.releaseBatch(batch.index);
}

/** Body, uid, and what else there is beside the path; what each line of a file has to become. */
export type Line = readonly [body: string, uid: string, ...marks: string[]];

export function lineOf({ body, attributes }: DecodedRecord): Line {
  const [, uid, ...marks] = attributes.map(({ key, value }) => [key, Object.values(value)[0]] as const);
  return [body.stringValue, String(uid?.[1]), ...marks.map(([key, value]) => `${key}=${formatValue(value)}`)];
}

function formatValue(value: unknown): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value);
}

/** The lines of a file, in plain JavaScript: invalid UTF-8 is replaced as the WHATWG says. */
export function linesOf(bytes: Buffer, id: string, maxLineBytes = Infinity): Line[] {
  const lines: Line[] = [];
  for (let from = 0; from < bytes.length;) {
    const newline = bytes.indexOf(0x0a, from);
    const end = newline === -1 ? bytes.length : newline;
    const isReturn = newline > from && bytes[newline - 1] === 0x0d;
    const line = bytes.subarray(from, isReturn ? end - 1 : end);
    const isCut = line.length > maxLineBytes;
    // A decoder that expects more gives only whole characters.
    const body = new TextDecoder('utf-8', { ignoreBOM: true }).decode(
      line.subarray(0, Math.min(line.length, maxLineBytes)),
      {
        stream: isCut,
      },
    );
    const marks = isCut ? ['log.truncated=true', `log.record.original_length=${line.length}`] : [];
    lines.push([body, `${id}-${from}`, ...marks]);
    from = newline === -1 ? bytes.length : newline + 1;
  }
  return lines;
}

/** Small, so that every bound is met: lines of up to 1,000 bytes, batches of 16 KiB, reads of up to 4 KiB. */
export function createSmallKernel(options: Parameters<typeof createLogKernel>[0] = {}): LogKernel {
  return createLogKernel({ batches: 2, batchBytes: 16_384, maxLineBytes: 1000, landingBytes: 4096, ...options });
}

/** Numbers from 0 to below a limit that look random and are always the same. */
export function sequence(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}
