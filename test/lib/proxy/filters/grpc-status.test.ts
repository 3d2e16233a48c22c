import { describe, expect, it } from 'vitest';
import { grpcStatusFilter } from '../../../../src/lib/proxy/filters/grpc-status.ts';
import { encodeRpcDetail, encodeRpcStatus } from '../../../../src/lib/wire/grpc.ts';
import { requestView } from '../requests.ts';
import { diceOf } from './machine-driver.ts';

const RETRY = { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '1.5s' };
const ERROR = { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'STOCKOUT', domain: 'shop.test' };

const act = (params: unknown) =>
  grpcStatusFilter.bind(params).filter.request?.onRequest(requestView('POST', '/a.B/C'), diceOf(0));

describe('grpc_status', () => {
  it('ends calls as unavailable unless told otherwise, and looks at gRPC only', () => {
    expect(grpcStatusFilter.bind({}).filter.request?.only).toBe('grpc');
    expect(act({})).toEqual({ do: 'grpc-status', code: 14, message: '', details: undefined, afterMessages: 0 });
  });

  it.each([
    ['CANCELLED', 1],
    ['UNAUTHENTICATED', 16],
    ['RESOURCE_EXHAUSTED', 8],
    [5, 5],
  ])('takes the code %s', (code, number) => {
    expect(act({ code, message: 'no ünits', after: 2 })).toMatchObject({
      code: number,
      message: 'no ünits',
      afterMessages: 2,
    });
  });

  it('encodes details together with code and message', () => {
    const details = [RETRY, ERROR];
    expect(act({ code: 'ABORTED', message: 'again', details })).toMatchObject({
      details: encodeRpcStatus({ code: 10, message: 'again', details: details.map(encodeRpcDetail) }),
    });
    expect(act({ details: [] })).toMatchObject({ details: undefined });
  });

  it('reports the code as a number, and the details as they were given', () => {
    const params = { code: 'ABORTED', message: 'again', details: [RETRY], after: 3 };
    expect(grpcStatusFilter.bind(params).requested).toEqual({ ...params, code: 10, percent: 100 });
  });

  it.each<[object, string, string]>([
    [{ code: 'OK' }, 'code', 'UNAVAILABLE'],
    [{ code: 0 }, 'code', 'from 1 to 16'],
    [{ code: 17 }, 'code', 'from 1 to 16'],
    [{ code: 'unavailable' }, 'code', 'UNAVAILABLE'],
    [{ code: 'toString' }, 'code', 'UNAVAILABLE'],
    [{ message: 'x'.repeat(1025) }, 'message', '1024'],
    [{ details: [RETRY, {}] }, 'details.1', '@type'],
    [{ details: [{ ...RETRY, retryDelay: 5 }] }, 'details.0', 'retryDelay'],
    [{ details: [RETRY, { ...ERROR, resaon: 'x' }] }, 'details.1', 'reason'],
    [{ details: [{ ...ERROR, reason: 'x'.repeat(7000) }] }, 'details', '6144'],
    [{ details: Array(33).fill(RETRY) }, 'details', '32'],
    [{ details: ['x'] }, 'details.0', ''],
    [{ after: -1 }, 'after', ''],
  ])('refuses mistakes where they are (%#)', (params, path, message) => {
    const [issue] = grpcStatusFilter.params.safeParse(params).error?.issues ?? [];
    expect(issue?.path.join('.')).toBe(path);
    expect(issue?.message).toContain(message);
  });
});
