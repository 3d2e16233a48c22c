import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/lib/errors/app-error.ts';
import { parseHealthCheck, worstDetectionMs, type HealthCheckRequest } from '../../../src/lib/services/health-check.ts';

function problemWith(request: HealthCheckRequest): string {
  try {
    parseHealthCheck(request);
    return 'none';
  } catch (error) {
    return error instanceof AppError && error.exitName === 'usage' ? error.message : String(error);
  }
}

describe('a health check', () => {
  it('asks GET /health every 5 s and wants 200 within 1 s', () => {
    expect(parseHealthCheck()).toEqual({
      kind: 'http',
      path: '/health',
      statuses: [200],
      hostHeader: undefined,
      intervalMs: 5_000,
      timeoutMs: 1_000,
      retryMs: 1_250,
      rise: 2,
      fall: 3,
    });
  });

  it.each([
    [{ intervalMs: 5_000 }, { timeoutMs: 1_000, retryMs: 1_250 }],
    [{ intervalMs: 1_000 }, { timeoutMs: 250, retryMs: 250 }],
    [{ intervalMs: 200 }, { timeoutMs: 50, retryMs: 50 }],
    [
      { intervalMs: 200, timeoutMs: 1_000 },
      { timeoutMs: 1_000, retryMs: 50 },
    ],
  ])('with %o has %o', (request, expected) => {
    expect(parseHealthCheck(request)).toMatchObject(expected);
  });

  it.each<[HealthCheckRequest, string | RegExp]>([
    [{ intervalMs: 199 }, 'intervalMs is 199: expected a number from 200 to 3600000'],
    [{ timeoutMs: 9 }, /^timeoutMs is 9:/],
    [{ timeoutMs: Infinity }, /^timeoutMs is /],
    [{ rise: 0 }, 'rise is 0: expected a whole number from 1 to 100'],
    [{ fall: 1.5 }, /^fall is 1.5:/],
    [{ path: 'health' }, 'path is "health": expected a path such as /health, in ASCII without blanks'],
    [{ path: '/a b' }, /^path is/],
    [{ path: '/a\r\nX: y' }, /^path is/],
    [{ path: '/ä' }, /^path is/],
    [{ hostHeader: '' }, /^hostHeader is ""/],
    [{ hostHeader: 'a\r\nb' }, /^hostHeader is/],
    [{ statuses: [] }, /^statuses is \[\]/],
    [{ statuses: [200, 99] }, 'statuses is 99: expected a whole number from 200 to 599'],
  ])('is refused with %o', (request, problem) => {
    expect(problemWith(request)).toMatch(problem);
  });
});

describe('the longest time until a failure is found', () => {
  it.each<[HealthCheckRequest, 'hangs' | 'refuses']>([
    [{}, 'hangs'],
    [{ intervalMs: 200 }, 'hangs'],
    [{ intervalMs: 1_000 }, 'hangs'],
    [{ intervalMs: 60_000 }, 'hangs'],
    [{ fall: 2, timeoutMs: 2_250 }, 'hangs'],
    [{ fall: 1, timeoutMs: 4_500 }, 'hangs'],
    [{ fall: 4, timeoutMs: 5_000 }, 'refuses'],
    [{ intervalMs: 200, fall: 4, timeoutMs: 1_000 }, 'refuses'],
  ])('with %o, when it %s, is at most two intervals', (request, kind) => {
    const check = parseHealthCheck(request);
    expect(worstDetectionMs(check, kind)).toBeLessThanOrEqual(2 * check.intervalMs);
  });

  it.each<[HealthCheckRequest, number]>([
    [{ fall: 3, timeoutMs: 5_000 }, 20_500],
    [{ fall: 1, timeoutMs: 5_000 }, 10_500],
  ])('with %o, when it hangs, is told as it is: %d ms', (request, ms) => {
    expect(worstDetectionMs(parseHealthCheck(request))).toBe(ms);
  });
});
