import type { BodyScanner } from '../../../wire/http1-body.ts';
import type { RequestHead } from '../../../wire/http1-head.ts';

/** How much of a request's body is read only to be dropped, so that the connection can go on; beyond it the connection is closed. */
export const MAX_DISCARD_BYTES = 1_048_576;

/** Whether the rest of a body that nobody wants is read; a client that waits for `100 Continue` may never send it. */
export function mayDiscard({ fields }: RequestHead, { state, remainingBytes }: BodyScanner): boolean {
  return state === 'done' || (remainingBytes <= MAX_DISCARD_BYTES && !fields.expectsContinue);
}
