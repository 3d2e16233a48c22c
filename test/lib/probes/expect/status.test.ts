import { describe, expect, it } from 'vitest';
import { statusFault, statusSchema } from '../../../../src/lib/probes/expect/status.ts';

describe('the tolerance of a status', () => {
  it.each([
    [200, [200], [199, 201, 503]],
    ['200', [200], [204]],
    ['200-299', [200, 204, 299], [199, 300]],
    [
      [200, '400-404'],
      [200, 400, 404],
      [201, 405],
    ],
  ])('%j', (written, within, without) => {
    const expected = statusSchema.parse(written);
    for (const status of within) expect(statusFault(status, expected)).toBeUndefined();
    for (const status of without) expect(statusFault(status, expected)).toContain(`status ${status} is not`);
  });

  it('says what was expected', () => {
    expect(statusFault(503, statusSchema.parse('200-399'))).toBe('status 503 is not in 200-399');
    expect(statusFault(503, statusSchema.parse([200, 204]))).toBe('status 503 is not one of 200, 204');
  });

  it.each([[99], [600], [200.5], ['2xx'], ['299-200'], ['200-'], [[]], [true]])('refuses %j', (written) => {
    expect(statusSchema.safeParse(written).success).toBe(false);
  });
});
