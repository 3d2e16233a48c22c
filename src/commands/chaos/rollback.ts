import { Args, FaultlineCommand, Flags } from '../../lib/app/base-command.ts';
import { stateFlag } from '../../lib/app/flags.ts';
import type { RecoveryReport } from '../../lib/experiment/recover.ts';

export default class ChaosRollback extends FaultlineCommand {
  static override summary =
    'Revert what runs have left in force: after a reboot, or when runner and guardian both died.';
  static override description =
    'Safe to call at any time, and by several at once. A run that still goes on is asked to stop when it is named, and left alone by --all.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> 20261123-031201',
  ];
  static override args = {
    run: Args.string({ description: 'Run id, the start of one, or `last`; without it every unfinished run.' }),
  };
  static override flags = {
    state: stateFlag,
    all: Flags.boolean({ summary: 'Every unfinished run; the default when no run is named.' }),
  };

  async run(): Promise<readonly RecoveryReport[]> {
    const { args, flags } = await this.parse(ChaosRollback);
    const { rollBack, formatRollback } = await import('../../lib/app/roll-back.ts');
    const { reports, exitName } = await rollBack(flags.state, flags.all ? undefined : args.run);
    this.log(formatRollback(reports));
    this.exitAs(exitName);
    return reports;
  }
}
