import { describe, expect, it } from 'vitest';
import type { MessageView } from '../../../../src/lib/proxy/filter.ts';
import { grpcDelayFilter } from '../../../../src/lib/proxy/filters/grpc-delay.ts';
import { delayCdf, ksDistance } from './distributions.ts';
import { diceOf } from './machine-driver.ts';

const message: MessageView = { direction: 'downstream', ordinal: 0, kind: 'grpc' };

describe('grpc_delay', () => {
  it('delays messages of gRPC calls, each by its own delay', () => {
    const { filter } = grpcDelayFilter.bind({ delay: '100ms', jitter: '50ms' });
    expect(filter.message?.on).toBe('grpc');
    const delays = Array.from({ length: 2000 }, (_, i) => {
      const action = filter.message?.onMessage(message, diceOf(i));
      return action?.do === 'delay' ? action.delayMs : NaN;
    });
    const spec = { distribution: 'uniform', delayMs: 100, jitterMs: 50 } as const;
    expect(ksDistance(delays, delayCdf(spec))).toBeLessThanOrEqual(0.05);
  });

  it.each([
    [{}, 'downstream'],
    [{ stream: 'upstream' }, 'upstream'],
    [{ stream: 'both' }, undefined],
  ] as const)('with %j acts on messages %s', (params, direction) => {
    expect(grpcDelayFilter.bind(params).filter.message?.direction).toBe(direction);
  });

  it('knows the rules of all delays, and reports what was asked', () => {
    expect(grpcDelayFilter.params.safeParse({ samples: 'a' }).error?.issues[0]?.path).toEqual(['samples']);
    expect(grpcDelayFilter.bind({ delay: '1s' }).requested).toEqual({
      delayMs: 1000,
      jitterMs: 0,
      distribution: 'uniform',
      stream: 'downstream',
      percent: 100,
    });
  });
});
