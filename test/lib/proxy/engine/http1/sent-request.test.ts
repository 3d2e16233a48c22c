import { expect, it } from 'vitest';
import { MAX_REPEATED_BODY_BYTES, SentRequest } from '../../../../../src/lib/proxy/engine/http1/sent-request.ts';
import type { BodyFraming } from '../../../../../src/lib/wire/http1-body.ts';

const HEAD = Buffer.from('PUT / HTTP/1.1\r\n\r\n');

/** What is kept of the head and so many bytes in pieces of 1,000. */
function kept(framing: BodyFraming, bytes: number): number | undefined {
  const sent = new SentRequest(HEAD.length, framing);
  sent.push(HEAD);
  for (let left = bytes; left > 0; left -= 1000) sent.push(Buffer.alloc(Math.min(left, 1000)));
  return sent.pieces?.reduce((sum, { length }) => sum + length, -HEAD.length);
}

it.each<[string, BodyFraming, number, number | undefined]>([
  ['no body', { body: 'none' }, 0, 0],
  ['part of a short one', { body: 'length', bytes: 5000 }, 2000, 2000],
  ['one as long as may be', { body: 'length', bytes: MAX_REPEATED_BODY_BYTES }, MAX_REPEATED_BODY_BYTES, 65_536],
  ['nothing of one that is longer', { body: 'length', bytes: MAX_REPEATED_BODY_BYTES + 1 }, 0, 0],
  ['not the first byte of one that is longer', { body: 'length', bytes: MAX_REPEATED_BODY_BYTES + 1 }, 1, undefined],
  ['one in chunks while it is short', { body: 'chunked' }, MAX_REPEATED_BODY_BYTES, 65_536],
  ['not one in chunks that grew too long', { body: 'chunked' }, MAX_REPEATED_BODY_BYTES + 1, undefined],
])('keeps %s', (_, framing, bytes, expected) => {
  expect(kept(framing, bytes)).toBe(expected);
});

it.each<[BodyFraming, boolean]>([
  [{ body: 'none' }, true],
  [{ body: 'length', bytes: MAX_REPEATED_BODY_BYTES }, true],
  [{ body: 'length', bytes: MAX_REPEATED_BODY_BYTES + 1 }, false],
  [{ body: 'chunked' }, false],
])('knows beforehand whether %j is short', (framing, isShort) => {
  expect(new SentRequest(HEAD.length, framing).isShort).toBe(isShort);
});
