import type { LoadSpec } from '../scenario/scenario.ts';
import { type LoadOptions, RunningLoad } from './load/running-load.ts';
import { openGeneratorThread, type GeneratorThread } from './load/thread.ts';

export { type LoadPhase } from './load/collector.ts';
export { mergedLoad, type MeasuredLoad } from './load/merge.ts';
export { traceparentOf } from './load/request-head.ts';
export { type LoadOptions, type LoadTotals, type RunningLoad } from './load/running-load.ts';

/**
 * Starts an open loop of requests at a constant rate, in a thread of its own, so that what the main thread does disturbs neither the rate nor
 * the figures. Resolves once it runs; rejects when the thread cannot start.
 *
 *   main thread                                worker thread
 *     startLoad ───────── start at t ─────────▶  arrivals, by the clock
 *     collector ◀── batch every 100 ms ────────  HTTP/1.1, kept alive
 *     stop ─────────────── stop ──────────────▶  waits for what is open
 *     totals   ◀────────── done ───────────────
 */
export async function startLoad(
  spec: LoadSpec,
  options: LoadOptions,
  openThread: typeof openGeneratorThread = openGeneratorThread,
): Promise<RunningLoad> {
  const thread = openThread({ spec, identity: { run: options.run, seed: options.seed } });
  await readiness(thread);
  return new RunningLoad(spec, options, thread);
}

function readiness(thread: GeneratorThread): Promise<void> {
  return new Promise((resolve, reject) => {
    thread.onMessage(({ type }) => {
      if (type === 'ready') resolve();
    });
    thread.onEnd((error) => reject(error ?? new Error('the load generator ended before it began')));
  });
}
