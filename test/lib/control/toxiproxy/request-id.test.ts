import { expect, it } from 'vitest';
import { createRequestIds } from '../../../../src/lib/control/toxiproxy/request-id.ts';

it('names of requests are 20 characters that differ and sort by time', () => {
  let unixMs = 1_700_000_000_000;
  const next = createRequestIds(() => unixMs);
  const ids = Array.from({ length: 1000 }, next);
  unixMs += 1000;
  const later = next();
  expect(new Set(ids).size).toBe(1000);
  for (const id of ids) expect(id).toMatch(/^[0-9a-v]{20}$/);
  expect([...ids, later].every((id) => id <= later)).toBe(true);
});
