import { FaultlineCommand, Flags } from './base-command.ts';
import { durationFlag } from './flags.ts';
import { formatProbeReport, runProbe, type ProbeReport } from './probe-once.ts';
import { outliveSignals } from '../runtime/signals.ts';

/** What `faultline probe <kind>` shares: measure once or over and over, print, exit 0 within tolerance and 1 without. */
export abstract class ProbeCommand extends FaultlineCommand {
  static override baseFlags = {
    ...FaultlineCommand.baseFlags,
    timeout: durationFlag({ summary: 'Give up after this long.', default: 5_000, helpValue: '5s' }),
    latency: Flags.string({ summary: 'The longest that it may take, such as 500ms.', helpValue: '500ms' }),
    watch: Flags.boolean({ summary: 'Measure again and again until Ctrl-C.', char: 'w' }),
    every: durationFlag({ summary: 'How often, with --watch.', default: 1_000, helpValue: '1s' }),
  };

  /** Measures, and prints each result; with --json --watch one object a line. */
  protected async measure(
    kind: string,
    parts: { readonly params: Readonly<Record<string, unknown>>; readonly expect: Readonly<Record<string, unknown>> },
    flags: { readonly timeout: number; readonly watch: boolean; readonly every: number },
  ): Promise<ProbeReport> {
    const stop = new AbortController();
    const release = flags.watch
      ? outliveSignals({ onSignal: () => stop.abort(), onUncaught: () => stop.abort() })
      : () => undefined;
    try {
      const report = await runProbe({
        kind,
        ...parts,
        timeoutMs: flags.timeout,
        everyMs: flags.watch ? flags.every : undefined,
        stop: AbortSignal.any([stop.signal, this.outputClosed]),
        onReport: (each) => {
          if (!this.jsonEnabled()) this.log(formatProbeReport(each, { color: this.color(), time: flags.watch }));
          else if (flags.watch) process.stdout.write(`${JSON.stringify(each)}\n`);
        },
      });
      this.exitAs(report.ok ? 'passed' : 'failed');
      return report;
    } finally {
      release();
    }
  }
}
