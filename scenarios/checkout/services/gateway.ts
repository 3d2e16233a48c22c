import { call, serve } from './http.ts';
import { addSpanEvent } from './telemetry.ts';

/** gateway: what users talk to. It waits 400 ms for checkout; then, or when checkout fails, the last good answer must do. */

const CHECKOUT_URL = process.env.CHECKOUT_URL ?? 'http://127.0.0.1:7312';
const CHECKOUT_TIMEOUT_MS = Number(process.env.CHECKOUT_TIMEOUT_MS ?? 400);
const FALLBACK = process.env.FALLBACK !== 'off';

/** Orders whose last good answer is kept, the least recently answered dropped first. */
const CACHE_LIMIT = 1000;
const lastGood = new Map<string, object>();

await serve('gateway', 7301, {
  '/checkout/:id': async ({ id }) => {
    const live = await call(`${CHECKOUT_URL}/checkout/${id}`, CHECKOUT_TIMEOUT_MS);
    if (live.status === 200) {
      remember(id, live.body as object);
      return { status: 200, body: { ...(live.body as object), fresh: true } };
    }
    const cached = FALLBACK && live.status >= 500 ? lastGood.get(id) : undefined;
    if (!cached) return live;
    addSpanEvent('fallback', { 'fallback.source': 'cache', 'http.response.status_code': live.status });
    return { status: 200, headers: { 'x-fallback': 'cached' }, body: { ...cached, fresh: false } };
  },
});

function remember(id: string, answer: object): void {
  lastGood.delete(id);
  lastGood.set(id, answer);
  const [oldest] = lastGood.keys();
  if (lastGood.size > CACHE_LIMIT && oldest !== undefined) lastGood.delete(oldest);
}
