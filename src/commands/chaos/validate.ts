import { Args, FaultlineCommand } from '../../lib/app/base-command.ts';
import { varFileFlag, varFlag } from '../../lib/app/flags.ts';
import { validateScenarios, type ValidatedScenario } from '../../lib/app/validate-scenarios.ts';

export default class ChaosValidate extends FaultlineCommand {
  static override summary = 'Check scenario files; every mistake is shown at once, with its place.';
  static override examples = ['<%= config.bin %> <%= command.id %> scenarios/checkout/scenario.yaml'];
  static override strict = false;
  static override args = { file: Args.string({ description: 'Scenario file; more may follow.', required: true }) };
  static override flags = { var: varFlag, 'var-file': varFileFlag };

  async run(): Promise<readonly ValidatedScenario[]> {
    const { argv, flags } = await this.parse(ChaosValidate);
    const valid = validateScenarios(argv.map(String), flags);
    for (const { file, name, faults, durationMs } of valid)
      this.log(`✓ ${file}  ${name}: ${faults} faults, ${durationMs / 1000} s`);
    return valid;
  }
}
