import type { ServicesSnapshot } from '../events/service-view.ts';
import { createPaint } from '../report/paint.ts';
import { formatServices } from '../report/services-table.ts';
import { outliveSignals } from '../runtime/signals.ts';
import type { ServiceFlags } from './flags.ts';
import { listServices, watchServices } from './service-commands.ts';

export interface ShowServicesOptions extends ServiceFlags {
  readonly watch: boolean;
  readonly every: number;
  readonly version: string;
  readonly json: boolean;
  readonly color: boolean;
  /** Aborted when nobody reads on. */
  readonly closed: AbortSignal;
}

/** Home, then everything below is erased (ECMA-48, 8.3.21 and 8.3.39). */
const CLEAR = '\u001b[H\u001b[J';

/** Prints the table, once or over and over: in place on a terminal, block after block elsewhere, with --json an array a line. */
export async function showServices(options: ShowServicesOptions): Promise<ServicesSnapshot[]> {
  if (!options.watch) {
    const snapshots = await listServices(options, options.version);
    if (!options.json) process.stdout.write(`${textOf(snapshots, options)}\n`);
    return snapshots;
  }
  const stop = new AbortController();
  const release = outliveSignals({ onSignal: () => stop.abort(), onUncaught: () => stop.abort() });
  try {
    return await watchServices(options, {
      version: options.version,
      everyMs: options.every,
      stop: AbortSignal.any([stop.signal, options.closed]),
      onSnapshots: (snapshots) => process.stdout.write(blockOf(snapshots, options)),
    });
  } finally {
    release();
  }
}

function blockOf(snapshots: readonly ServicesSnapshot[], options: ShowServicesOptions): string {
  if (options.json) return `${JSON.stringify(snapshots)}\n`;
  const text = textOf(snapshots, options);
  return process.stdout.isTTY ? `${CLEAR}${text}\n` : `${text}\n\n`;
}

function textOf(snapshots: readonly ServicesSnapshot[], { color, api, state }: ShowServicesOptions): string {
  if (snapshots.length > 0) return formatServices(snapshots, createPaint(color));
  const where = api === undefined ? `keeps its state in ${state}` : `answers at ${api}`;
  return `No services: no \`faultline proxy run\` or \`chaos run\` that ${where} is going on.`;
}
