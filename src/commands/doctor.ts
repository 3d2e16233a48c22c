import { FaultlineCommand, Flags } from '../lib/app/base-command.ts';
import { stateFlag } from '../lib/app/flags.ts';
import type { Diagnosis } from '../lib/app/diagnose.ts';

export default class Doctor extends FaultlineCommand {
  static override summary = 'Show which faults can work here, and what to install or allow where they cannot.';
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --residue'];
  static override flags = {
    state: stateFlag,
    residue: Flags.boolean({ summary: 'Look for anything of ours that is still in force; exit 5 when there is.' }),
  };

  async run(): Promise<Diagnosis> {
    const { flags } = await this.parse(Doctor);
    const { diagnose, formatDiagnosis } = await import('../lib/app/diagnose.ts');
    const diagnosis = await diagnose(flags.state, { residue: flags.residue });
    this.log(formatDiagnosis(diagnosis, this.color()));
    if (diagnosis.residue?.some(({ live }) => !live)) this.exitAs('dirty');
    return diagnosis;
  }
}
