import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { encodeBinaryHeader, encodeRpcDetail, encodeRpcStatus } from '../../../src/lib/wire/grpc.ts';

/** Another implementation reads what is written. */
const { root } = protobuf.parse(`
  syntax = "proto3";
  package google.rpc;
  message Any { string type_url = 1; bytes value = 2; }
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
  message Duration { int64 seconds = 1; int32 nanos = 2; }
  message RetryInfo { Duration retry_delay = 1; }
  message DebugInfo { repeated string stack_entries = 1; string detail = 2; }
  message QuotaFailure {
    message Violation { string subject = 1; string description = 2; }
    repeated Violation violations = 1;
  }
  message ErrorInfo { string reason = 1; string domain = 2; map<string, string> metadata = 3; }
  message PreconditionFailure {
    message Violation { string type = 1; string subject = 2; string description = 3; }
    repeated Violation violations = 1;
  }
  message BadRequest {
    message FieldViolation {
      string field = 1; string description = 2; string reason = 3; LocalizedMessage localized_message = 4;
    }
    repeated FieldViolation field_violations = 1;
  }
  message RequestInfo { string request_id = 1; string serving_data = 2; }
  message ResourceInfo { string resource_type = 1; string resource_name = 2; string owner = 3; string description = 4; }
  message Help { message Link { string description = 1; string url = 2; } repeated Link links = 1; }
  message LocalizedMessage { string locale = 1; string message = 2; }
`);

function read(type: string, bytes: Uint8Array): Record<string, unknown> {
  const found = root.lookupType(`google.rpc.${type}`);
  return found.toObject(found.decode(bytes), { longs: Number, bytes: String });
}

const detail = (type: string, fields: object) => ({ '@type': `type.googleapis.com/google.rpc.${type}`, ...fields });

describe('a detail', () => {
  it.each([
    ['RetryInfo', { retryDelay: '1.5s' }, { retryDelay: { seconds: 1, nanos: 500_000_000 } }],
    ['RetryInfo', { retryDelay: '0s' }, { retryDelay: {} }],
    ['RetryInfo', { retryDelay: '315576000000s' }, { retryDelay: { seconds: 315_576_000_000 } }],
    ['RetryInfo', { retryDelay: '-3.000000001s' }, { retryDelay: { seconds: -3, nanos: -1 } }],
    ['RetryInfo', { retry_delay: '30s' }, { retryDelay: { seconds: 30 } }],
    ['RetryInfo', { retryDelay: null }, {}],
    ['RetryInfo', {}, {}],
    [
      'ErrorInfo',
      { reason: 'DOWN', domain: 'example.com', metadata: { zone: 'a', empty: '', '': 'x' } },
      { reason: 'DOWN', domain: 'example.com', metadata: { zone: 'a', empty: '', '': 'x' } },
    ],
    ['DebugInfo', { detail: 'ü', stackEntries: ['a', '', 'b'] }, { detail: 'ü', stackEntries: ['a', '', 'b'] }],
    [
      'QuotaFailure',
      { violations: [{ subject: 'ip:1', description: 'too many' }, {}] },
      { violations: [{ subject: 'ip:1', description: 'too many' }, {}] },
    ],
    [
      'BadRequest',
      {
        field_violations: [
          { field: 'a.b', description: 'is wrong', localizedMessage: { locale: 'en', message: 'no' } },
        ],
      },
      {
        fieldViolations: [{ field: 'a.b', description: 'is wrong', localizedMessage: { locale: 'en', message: 'no' } }],
      },
    ],
    ['BadRequest', { fieldViolations: [{ reason: 'R' }] }, { fieldViolations: [{ reason: 'R' }] }],
    [
      'PreconditionFailure',
      { violations: [{ type: 'TOS', subject: 's', description: 'd' }] },
      { violations: [{ type: 'TOS', subject: 's', description: 'd' }] },
    ],
    ['RequestInfo', { requestId: '1', servingData: 'x' }, { requestId: '1', servingData: 'x' }],
    [
      'ResourceInfo',
      { resourceType: 't', resourceName: 'n', owner: 'o', description: 'd' },
      { resourceType: 't', resourceName: 'n', owner: 'o', description: 'd' },
    ],
    ['Help', { links: [{ description: 'd', url: 'u' }] }, { links: [{ description: 'd', url: 'u' }] }],
    ['LocalizedMessage', { locale: 'de', message: 'nein' }, { locale: 'de', message: 'nein' }],
  ])('%s %j is read by others', (type, fields, expected) => {
    const { typeUrl, value } = encodeRpcDetail(detail(type, fields));
    expect(typeUrl).toBe(`type.googleapis.com/google.rpc.${type}`);
    expect(read(type, value)).toEqual(expected);
  });

  it('is these bytes', () => {
    expect(encodeRpcDetail(detail('RetryInfo', { retryDelay: '1.5s' })).value.toString('hex')).toBe(
      '0a0808011080cab5ee01',
    );
  });

  const types = /; expected type\.googleapis\.com\/google\.rpc\. and one of RetryInfo, .*LocalizedMessage$/;
  it.each<[unknown, RegExp | string]>([
    [{}, types],
    [{ '@type': 5 }, types],
    [{ '@type': 'x' }, types],
    [
      detail('RetryInof', {}),
      '"@type": "type.googleapis.com/google.rpc.RetryInof" is unknown; did you mean type.googleapis.com/google.rpc.RetryInfo?',
    ],
    [
      { '@type': 'google.rpc.RetryInfo' },
      '"@type": "google.rpc.RetryInfo" is unknown; did you mean type.googleapis.com/google.rpc.RetryInfo?',
    ],
    ['text', 'a detail: expected an object with keys, not "text"'],
    [null, 'a detail: expected an object with keys, not null'],
    [[], 'a detail: expected an object with keys, not []'],
    [undefined, 'a detail: expected an object with keys, not undefined'],
    [detail('RetryInfo', { retryDealy: '1s' }), 'retryDealy is unknown; did you mean retryDelay?'],
    [detail('ErrorInfo', { zzzzzzzz: 1 }), 'zzzzzzzz is unknown; expected one of reason, domain, metadata'],
    [detail('ErrorInfo', { toString: 'x' }), 'toString is unknown; expected one of reason, domain, metadata'],
    [detail('RetryInfo', { retryDelay: '1s', retry_delay: '1s' }), 'retryDelay is given twice; expected it once'],
    [detail('RetryInfo', { retryDelay: 1 }), 'retryDelay: expected a text, not 1'],
    ...['1', '1m', '1.s', '.5s', '1.0000000001s', '315576000001s', '315576000000.1s', '', '1s\n', '--1s'].map(
      (text): [unknown, string] => [
        detail('RetryInfo', { retryDelay: text }),
        `retryDelay: expected seconds such as "1.5s" or "30s", up to 315576000000s, not ${JSON.stringify(text)}`,
      ],
    ),
    [detail('ErrorInfo', { metadata: { a: 1 } }), 'metadata.a: expected a text, not 1'],
    [detail('ErrorInfo', { metadata: [] }), 'metadata: expected an object with keys, not []'],
    [detail('DebugInfo', { stackEntries: ['a', 2] }), 'stackEntries[1]: expected a text, not 2'],
    [detail('DebugInfo', { stackEntries: 'a' }), 'stackEntries: expected a list, not "a"'],
    [
      detail('QuotaFailure', { violations: [{}, { subjet: 'x' }] }),
      'violations[1].subjet is unknown; did you mean subject?',
    ],
    [detail('QuotaFailure', { violations: ['x'] }), 'violations[0]: expected an object with keys, not "x"'],
    [
      detail('BadRequest', { fieldViolations: [{ localizedMessage: { locale: 1 } }] }),
      'fieldViolations[0].localizedMessage.locale: expected a text, not 1',
    ],
  ])('%j is refused with what would be right', (json, message) => {
    expect(() => encodeRpcDetail(json)).toThrow(message);
  });
});

describe('a status', () => {
  it('is read by others, with its details', () => {
    const details = [
      encodeRpcDetail(detail('RetryInfo', { retryDelay: '1s' })),
      encodeRpcDetail(detail('RetryInfo', {})),
    ];
    const status = read('Status', encodeRpcStatus({ code: 14, message: 'später', details }));
    expect(status).toEqual({
      code: 14,
      message: 'später',
      details: details.map(({ typeUrl, value }, i) =>
        i === 0 ? { typeUrl, value: value.toString('base64') } : { typeUrl },
      ),
    });
  });

  it('of nothing is nothing', () => {
    expect(encodeRpcStatus({ code: 0, message: '', details: [] }).length).toBe(0);
    expect(encodeRpcStatus({ code: 5, message: 'x', details: [] }).toString('hex')).toBe('0805120178');
  });
});

describe('bytes in a header', () => {
  it.each([
    ['', ''],
    ['00', 'AA'],
    ['0001', 'AAE'],
    ['000102', 'AAEC'],
    ['fbff', '+/8'],
  ])('%s are %j', (hex, value) => {
    expect(encodeBinaryHeader(Buffer.from(hex, 'hex'))).toBe(value);
  });
});
