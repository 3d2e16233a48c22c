import { describe, expect, it } from 'vitest';
import { encodeRpcDetail, encodeRpcStatus } from '../../../src/lib/wire/grpc.ts';
import { readPartialSuccess, readRetryDelayMs, readStatusMessage } from '../../../src/lib/wire/otlp-response.ts';
import { ProtobufWriter } from '../../../src/lib/wire/protobuf-writer.ts';

const TYPE = 'type.googleapis.com/google.rpc.';

const partial = (rejected: number, message: string): Buffer =>
  new ProtobufWriter().message(1, new ProtobufWriter().int(1, rejected).string(2, message).finish()).finish();

describe('readPartialSuccess', () => {
  it.each([
    ['an empty answer', Buffer.alloc(0), undefined],
    ['an empty partial success', partial(0, ''), undefined],
    ['bytes that are none', Buffer.from('<html>'), undefined],
    ['records rejected', partial(3, 'too old'), { rejected: 3, message: 'too old' }],
    ['a warning', partial(0, 'use another path'), { rejected: 0, message: 'use another path' }],
  ])('reads %s', (_name, answer, expected) => {
    expect(readPartialSuccess(answer)).toEqual(expected);
  });
});

describe('readRetryDelayMs', () => {
  it('finds the delay among the details', () => {
    const status = encodeRpcStatus({
      code: 8,
      message: 'slow down',
      details: [
        encodeRpcDetail({ '@type': `${TYPE}ErrorInfo`, reason: 'x' }),
        encodeRpcDetail({ '@type': `${TYPE}RetryInfo`, retryDelay: '1.25s' }),
      ],
    });
    expect(readRetryDelayMs(status)).toBe(1250);
    expect(readStatusMessage(status)).toBe('slow down');
  });

  it.each([
    ['no details', encodeRpcStatus({ code: 8, message: '', details: [] })],
    ['nothing', Buffer.alloc(0)],
    ['garbage', Buffer.from('ffff', 'hex')],
  ])('finds none in %s', (_name, status) => {
    expect(readRetryDelayMs(status)).toBeUndefined();
    expect(readStatusMessage(status)).toBeUndefined();
  });
});
