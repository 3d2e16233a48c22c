import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/lib/errors/app-error.ts';
import { parseRegistration, type RegistrationRequest } from '../../../src/lib/services/registration.ts';

const least = { id: 'shop-1', service: 'shop', host: '127.0.0.1', port: 7301 };

function problemWith(more: Partial<RegistrationRequest>): string {
  try {
    parseRegistration({ ...least, ...more });
    return 'none';
  } catch (error) {
    return error instanceof AppError && error.exitName === 'usage' ? error.message : String(error);
  }
}

describe('a registration', () => {
  it('has defaults for all but who and where', () => {
    expect(parseRegistration(least)).toEqual({
      ...least,
      weight: 1,
      tls: false,
      metadata: {},
      initialHealth: 'unknown',
      lifetime: 'heartbeat',
      ttlMs: 30_000,
      heartbeatMs: 10_000,
    });
  });

  it.each([{ weight: 0 }, { weight: 1000 }, { port: 65_535 }, { ttlMs: 100 }, { id: 'x'.repeat(253) }])(
    'may have %o',
    (more) => expect(problemWith(more)).toBe('none'),
  );

  it.each([
    [{ id: '' }, 'id is "": expected 1 to 253 characters without blanks'],
    [{ id: 'x'.repeat(254) }, /^id is "x+": expected 1 to 253/],
    [{ service: 'my shop' }, 'service is "my shop": expected 1 to 253 characters without blanks'],
    [{ host: 'a\nb' }, /^host is /],
    [{ port: 0 }, 'port is 0: expected a whole number from 1 to 65535'],
    [{ port: 65_536 }, /^port is 65536/],
    [{ weight: -1 }, 'weight is -1: expected a whole number from 0 to 1000'],
    [{ weight: 1.5 }, /^weight is 1.5/],
    [{ weight: 1001 }, /^weight is 1001/],
    [{ ttlMs: 30 }, 'ttlMs is 30: expected a number from 100 to 86400000'],
    [{ ttlMs: NaN }, /^ttlMs is /],
    [{ heartbeatMs: 30_001 }, 'heartbeatMs is 30001: expected a number from 1 to 30000'],
    [
      { metadata: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, ''])) },
      /^metadata is "65 entries"/,
    ],
    [{ metadata: { note: 'x'.repeat(513) } }, /^metadata.note is "longer": expected at most 512/],
  ])('is refused with %o', (more, problem) => {
    expect(problemWith(more)).toMatch(problem);
  });
});
