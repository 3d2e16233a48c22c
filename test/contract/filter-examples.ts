import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '../support/temp.ts';

type Params = Readonly<Record<string, unknown>>;

/** The least that a kind can do with; a kind that is not here can do with nothing. */
const LEAST: Readonly<Record<string, Params>> = {
  bandwidth: { rate: '1MB/s' },
  slicer: { averageSize: '100B' },
  limit_data: { bytes: '100kB' },
  replace: { response: { status: 500 } },
  patch: { response: { headers: { etag: null } } },
};

/** Other parameters under which a kind must hold to its contract, too. */
const MORE: Readonly<Record<string, readonly Params[]>> = {
  latency: [
    { delay: '20ms', jitter: '20ms' },
    { delay: '5ms', jitter: '2ms', distribution: 'normal', stream: 'both' },
    { delay: '1ms', jitter: '9ms', distribution: 'pareto', stream: 'upstream' },
  ],
  bandwidth: [{ rate: '0B/s' }, { rate: '17B/s' }, { rate: '3MB/s', shared: true, stream: 'both' }, { rate: '10GB/s' }],
  slow_close: [{ delay: '0ms' }, { delay: '10m', stream: 'upstream' }],
  timeout: [{ timeout: '3s' }, { timeout: '1ms', stream: 'both' }],
  reset_peer: [{ timeout: '50ms' }],
  slicer: [
    { averageSize: '1B' },
    { averageSize: '300B', sizeVariation: '299B', delay: '3ms' },
    { averageSize: '1GB', stream: 'both' },
  ],
  limit_data: [{ bytes: '0B' }, { bytes: '1B' }, { bytes: '1GB' }],
  packet_loss: [
    { loss: '40%', correlation: '30%', stream: 'both' },
    { gilbertElliott: { p: '5%', r: '10%', lossGood: '1%', lossBad: '90%' } },
    { loss: '100%' },
  ],
  corrupt: [{ bytes: '100%' }, { bytes: '3%', stream: 'both' }, { bytes: '0%' }],
  duplicate: [{ copies: 10, delay: '5ms' }],
  reorder: [{ gap: 100 }, { gap: 3, delay: '0ms', stream: 'both' }],
  delay: [{ at: 'body', delay: '5ms', jitter: '5ms' }],
};

/** The least parameters of a kind. */
export function leastParams(kind: string): Params {
  return LEAST[kind] ?? {};
}

/** Parameters of a kind that make it do all it can do. */
export function exampleParams(kind: string): readonly Params[] {
  return [leastParams(kind), ...(MORE[kind] ?? [])];
}

/** A file of delays, for as long as a test runs. */
export function sampleFile(): string {
  const path = join(temporaryDirectory(), 'delays.txt');
  writeFileSync(path, '# ms\n1\n2.5\n8ms\n');
  return path;
}
