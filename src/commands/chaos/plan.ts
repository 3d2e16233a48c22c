import { Args, FaultlineCommand, Flags } from '../../lib/app/base-command.ts';
import { varFileFlag, varFlag } from '../../lib/app/flags.ts';
import type { PlanReport } from '../../lib/app/plan-run.ts';

export default class ChaosPlan extends FaultlineCommand {
  static override summary =
    'Show exactly what a run would touch, and how each part would be undone; nothing is touched.';
  static override examples = ['<%= config.bin %> <%= command.id %> scenario.yaml'];
  static override args = { file: Args.string({ description: 'Scenario file.', required: true }) };
  static override flags = {
    var: varFlag,
    'var-file': varFileFlag,
    yes: Flags.boolean({
      char: 'y',
      summary: 'As for `chaos run`: targets outside the scenario’s own services may be hurt.',
    }),
  };

  async run(): Promise<PlanReport> {
    const { args, flags } = await this.parse(ChaosPlan);
    const { planRun, formatPlan } = await import('../../lib/app/plan-run.ts');
    const plan = await planRun(args.file, flags);
    this.log(formatPlan(plan));
    return plan;
  }
}
