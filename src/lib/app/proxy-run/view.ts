import type { ProxyEvent } from '../../events/proxy-events.ts';
import { formatProxyEvent } from '../../report/plain-proxy-events.ts';
import { realClock } from '../../runtime/clock.ts';
import { isErrno } from '../../runtime/files.ts';
import { openTerminalWriter } from '../../runtime/terminal-writer.ts';
import { createRedactor } from '../../scenario/redact.ts';

export interface ProxyView {
  onEvent(event: ProxyEvent): void;
  /** Masks these from now on, beside those that it masks already. */
  hide(secrets: readonly string[]): void;
  end(): Promise<void>;
}

export interface ProxyViewOptions {
  readonly events: 'ndjson' | undefined;
  /** Only the result at the end. */
  readonly json: boolean;
}

/**
 * The events of a proxy, a line each; warnings go to standard error, whatever becomes of the rest. A reader that takes nothing, or is gone, holds
 * up the lines and never the proxy.
 */
export function openProxyView({ events, json }: ProxyViewOptions): ProxyView {
  const line = (event: ProxyEvent): string =>
    `${events === 'ndjson' ? JSON.stringify(event) : formatProxyEvent(event)}\n`;
  const writer = openTerminalWriter(
    process.stdout,
    (error) => {
      if (!isErrno(error, 'EPIPE')) warn('nobody takes the lines any more; the proxy goes on without them');
    },
    { atGap: (leftOut) => line(gapNote(leftOut)) },
  );
  const secrets = new Set<string>();
  let redact = createRedactor([]);
  return {
    onEvent(event) {
      const shown = redact(event);
      const isWarning = shown.type === 'proxy.note' && shown.level === 'warning';
      if (isWarning) warn(shown.text);
      if (events === 'ndjson' || (!json && !isWarning)) writer.write(line(shown));
    },
    hide(more) {
      for (const secret of more) secrets.add(secret);
      redact = createRedactor([...secrets]);
    },
    async end() {
      await Promise.race([writer.drained(), realClock.sleep(END_PATIENCE_MS)]);
      writer.release();
    },
  };
}

/** How long a reader that takes nothing may hold up the end. */
const END_PATIENCE_MS = 2_000;

function gapNote(leftOut: number): ProxyEvent {
  const text = `nobody read on here for a while: ${leftOut} lines are left out`;
  return { unixMs: realClock.unixMs(), type: 'proxy.note', level: 'warning', text };
}

function warn(text: string): void {
  process.stderr.write(`${text}\n`);
}
