import { describe, expect, it } from 'vitest';
import { isGrpcContentType, parseGrpcPath, parseGrpcTimeoutMs } from '../../../src/lib/wire/grpc.ts';

describe('a content-type of gRPC', () => {
  it.each([
    ['application/grpc', true],
    ['application/grpc+proto', true],
    ['application/grpc+json', true],
    ['application/grpc+', true],
    ['application/grpc;charset=utf-8', true],
    ['application/grpc ; charset=utf-8', false],
    ['application/grpc ', true],
    ['APPLICATION/GRPC+Proto', true],
    ['application/grpc-web', false],
    ['application/grpc-web+proto', false],
    ['application/grpcx', false],
    ['text/application/grpc', false],
    ['application/json', false],
    ['', false],
  ])('%j: %j', (value, expected) => {
    expect(isGrpcContentType(value)).toBe(expected);
  });
});

describe('the path of a method', () => {
  it.each([
    ['/helloworld.Greeter/SayHello', { service: 'helloworld.Greeter', method: 'SayHello' }],
    ['/Greeter/SayHello', { service: 'Greeter', method: 'SayHello' }],
    ['/behind/a.Prefix/Do', { service: 'behind/a.Prefix', method: 'Do' }],
    ['/a/b', { service: 'a', method: 'b' }],
    ['/a/', undefined],
    ['//b', undefined],
    ['/a', undefined],
    ['a/b', undefined],
    ['ab/c', undefined],
    ['/', undefined],
    ['', undefined],
    ['*', undefined],
  ])('%j', (path, expected) => {
    expect(parseGrpcPath(path)).toEqual(expected);
  });
});

describe('a timeout', () => {
  it.each([
    ['1H', 3_600_000],
    ['2M', 120_000],
    ['3S', 3000],
    ['250m', 250],
    ['100u', 0.1],
    ['5n', 0.000_005],
    ['0m', 0],
    ['00000001S', 1000],
    ['99999999H', 359_999_996_400_000],
    ['123456789m', undefined],
    ['m', undefined],
    ['1', undefined],
    ['1s', undefined],
    ['1.5S', undefined],
    ['-1S', undefined],
    [' 1S', undefined],
    ['1S ', undefined],
    ['1S\n', undefined],
    ['1h', undefined],
    ['', undefined],
  ])('%j: %j ms', (value, ms) => {
    if (ms === undefined) expect(parseGrpcTimeoutMs(value)).toBeUndefined();
    else expect(parseGrpcTimeoutMs(value)).toBeCloseTo(ms, 9);
  });
});
