import { Args, FaultlineCommand, Flags } from '../../lib/app/base-command.ts';
import { durationFlag, stateFlag, varFileFlag, varFlag } from '../../lib/app/flags.ts';
import type { RunReport } from '../../lib/report/run-report.ts';
import type { PlanReport } from '../../lib/app/plan-run.ts';

export default class ChaosRun extends FaultlineCommand {
  static override summary = 'Run a scenario: inject its faults, measure, put everything back, judge.';
  static override description =
    'The undo of every fault is on disk before the fault is injected. However the run ends, Ctrl-C and kill -9 included, everything is reverted. The exit code is the verdict.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> scenarios/checkout/scenario.yaml',
    '<%= config.bin %> <%= command.id %> scenario.yaml --seed 42 --json > result.json',
    '<%= config.bin %> <%= command.id %> scenario.yaml --dry-run',
  ];
  static override args = { file: Args.string({ description: 'Scenario file.', required: true }) };
  static override flags = {
    state: stateFlag,
    var: varFlag,
    'var-file': varFileFlag,
    seed: Flags.integer({ summary: 'Overrides the scenario’s seed: the same seed hurts the same requests.', min: 0 }),
    timeout: durationFlag({ summary: 'Abort the run, revert and exit 6 when it takes longer.', helpValue: '5m' }),
    yes: Flags.boolean({ char: 'y', summary: 'Also hurt targets outside the scenario’s own services.' }),
    'dry-run': Flags.boolean({ summary: 'Show what would be touched, like `chaos plan`; nothing is.' }),
    events: Flags.option({
      options: ['ndjson'] as const,
      summary: 'Print every event as one JSON object a line.',
      exclusive: ['json'],
    })(),
    plain: Flags.boolean({ summary: 'One line an event, also on a terminal.' }),
  };

  async run(): Promise<RunReport | PlanReport> {
    const { args, flags } = await this.parse(ChaosRun);
    if (flags['dry-run']) {
      const { planRun, formatPlan } = await import('../../lib/app/plan-run.ts');
      const plan = await planRun(args.file, flags);
      this.log(formatPlan(plan));
      return plan;
    }
    const { runAndShow } = await import('../../lib/app/run-and-show.ts');
    const { report, exitName } = await runAndShow(args.file, {
      ...flags,
      json: this.jsonEnabled(),
      version: this.config.version,
      color: this.color(),
    });
    this.exitAs(exitName);
    return report;
  }
}
