/** Frames one file from beginning to end, batches going nowhere, and prints what it took: FILE [utf8] [severity] [traceIds]. */
import { openSync, readSync } from 'node:fs';
import { createLogKernel } from '../../src/lib/wire/otlp-log-kernel.ts';

const READ_BYTES = 256 * 1024;
const [path = '', ...options] = process.argv.slice(2);
const kernel = createLogKernel({
  checkUtf8: options.includes('utf8'),
  severity: options.includes('severity'),
  traceIds: options.includes('traceIds'),
  resource: { 'service.name': 'shop', 'host.name': 'web-3' },
});

const startUs = process.cpuUsage();
const file = kernel.addFile({ path, id: '00fd01-1234567-deadbeef' });
const fd = openSync(path, 'r');
let position = 0;
let kept = 0;
let offset = 0;
for (;;) {
  const bytes = readSync(fd, kernel.landing, 0, READ_BYTES, position);
  if (bytes === 0) break;
  position += bytes;
  let start = -kept;
  while (kernel.frame(file, start, bytes, offset, 1_796_126_400_000, 'more') === 'full') {
    const batch = kernel.takeBatch();
    if (batch !== undefined) kernel.releaseBatch(batch.index);
    [start, offset] = [kernel.rest, kernel.nextOffset];
  }
  offset = kernel.nextOffset;
  kept = kernel.keepRest(bytes);
}
const { user, system } = process.cpuUsage(startUs);
const { maxRSS } = process.resourceUsage();
console.log(
  JSON.stringify({ ...kernel.statistics(), cpuUs: user + system, processCpuUs: cpuUsOfProcess(), maxRssKiB: maxRSS }),
);

function cpuUsOfProcess(): number {
  const all = process.cpuUsage();
  return all.user + all.system;
}
