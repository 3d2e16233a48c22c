import { call, serve } from './http.ts';

/**
 * checkout: prices an order and has payments charge it. One attempt, because a charge that may have happened is not sent again; and it is
 * seen through although the gateway may have hung up meanwhile.
 */

const PAYMENTS_URL = process.env.PAYMENTS_URL ?? 'http://127.0.0.1:7313';
const PAYMENTS_TIMEOUT_MS = Number(process.env.PAYMENTS_TIMEOUT_MS ?? 1000);

await serve('checkout', 7302, {
  '/checkout/:id': async ({ id }) => {
    const payment = await call(`${PAYMENTS_URL}/charge?order=${id}`, PAYMENTS_TIMEOUT_MS);
    if (payment.status !== 200)
      return { status: payment.status === 504 ? 504 : 502, body: { error: 'payment failed' } };
    return { status: 200, body: { order: id, totalCents: 4999, payment: payment.body } };
  },
});
