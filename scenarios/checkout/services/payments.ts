import { hash, randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { serve } from './http.ts';

/** payments: charges an order, at the price of real CPU time, so that a process that is starved of CPU is truly slow. */

/** Rounds of SHA-256 a charge: about a millisecond, so that 100 charges a second take a tenth of a core. */
const CHARGE_ROUNDS = Number(process.env.CHARGE_ROUNDS ?? 2000);

let lastTurn: Promise<void> = Promise.resolve();

await serve('payments', 7303, {
  '/charge': async ({ signal }) => {
    await nextTurn();
    if (signal.aborted) return { status: 499, body: { error: 'caller has hung up' } };
    return { status: 200, body: { receipt: charge() } };
  },
});

/** One charge for each turn of the event loop: between two it learns who has hung up, so a backlog that nobody awaits is not worked off. */
function nextTurn(): Promise<void> {
  lastTurn = lastTurn.then(() => setImmediate());
  return lastTurn;
}

function charge(): string {
  let receipt: string = randomUUID();
  for (let round = 0; round < CHARGE_ROUNDS; round++) receipt = hash('sha256', receipt);
  return receipt;
}
