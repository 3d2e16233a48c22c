import type { HeaderField } from '../../../wire/hpack.ts';
import { isGrpcContentType } from '../../../wire/grpc.ts';
import type { CacheableRequest } from '../../protection/fallbacks.ts';

/** The head of an HTTP/2 request, as filters see it. */
export class Http2Request implements CacheableRequest {
  readonly fields: readonly HeaderField[];
  readonly method: string;
  readonly target: string;
  readonly path: string;
  readonly isGrpc: boolean;

  constructor(fields: readonly HeaderField[]) {
    this.fields = fields;
    this.method = lookupField(fields, ':method') ?? '';
    this.target = lookupField(fields, ':path') ?? '/';
    const query = this.target.indexOf('?');
    this.path = query < 0 ? this.target : this.target.slice(0, query);
    const type = lookupField(fields, 'content-type');
    this.isGrpc = type !== undefined && isGrpcContentType(type);
  }

  /** The status that the last fields of the answer to a gRPC call give. */
  grpcStatusIn(fields: readonly HeaderField[]): number | undefined {
    const status = this.isGrpc ? lookupField(fields, 'grpc-status') : undefined;
    return status === undefined ? undefined : Number(status);
  }

  headerPairs(): [name: string, value: string][] {
    return fieldPairs(this.fields);
  }

  header(name: string): string | undefined {
    return lookupField(this.fields, name) ?? (name === 'host' ? lookupField(this.fields, ':authority') : undefined);
  }
}

/** The fields that are header lines. */
export function fieldPairs(fields: readonly HeaderField[]): [name: string, value: string][] {
  return fields.filter(({ name }) => !name.startsWith(':')).map(({ name, value }) => [name, value]);
}

/** The value of a field; several of one name are joined as HTTP/1 would write them (RFC 9113 section 8.2.3 for cookies). */
export function lookupField(fields: readonly HeaderField[], name: string): string | undefined {
  let joined: string | undefined;
  for (const field of fields) {
    if (field.name !== name) continue;
    joined = joined === undefined ? field.value : `${joined}${name === 'cookie' ? '; ' : ', '}${field.value}`;
  }
  return joined;
}
