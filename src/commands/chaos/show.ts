import { Args, FaultlineCommand, Flags } from '../../lib/app/base-command.ts';
import { stateFlag } from '../../lib/app/flags.ts';
import type { RunReport } from '../../lib/report/run-report.ts';

export default class ChaosShow extends FaultlineCommand {
  static override summary =
    'Show a run from its journal: verdict, faults, load, steady state, gate; also while it goes on.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> last',
    '<%= config.bin %> <%= command.id %> 20261123-031201 --events',
  ];
  static override args = { run: Args.string({ description: 'Run id, the start of one, or `last`.', default: 'last' }) };
  static override flags = { state: stateFlag, events: Flags.boolean({ summary: 'Print the events, one line each.' }) };

  async run(): Promise<RunReport> {
    const { args, flags } = await this.parse(ChaosShow);
    const { showRun } = await import('../../lib/app/show-run.ts');
    const { report, text } = showRun(flags.state, args.run, { events: flags.events, color: this.color() });
    this.log(text);
    return report;
  }
}
