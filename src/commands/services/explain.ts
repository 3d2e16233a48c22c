import { Args, FaultlineCommand, Flags } from '../../lib/app/base-command.ts';
import { serviceFlags } from '../../lib/app/flags.ts';
import type { ServiceExplanation } from '../../lib/control/services-client.ts';

export default class ServicesExplain extends FaultlineCommand {
  static override summary = 'Tell which endpoint gets the next request, and why the others do not.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> payments',
    '<%= config.bin %> <%= command.id %> payments --key 10.0.0.7',
  ];
  static override args = { service: Args.string({ description: 'Its name.', required: true }) };
  static override flags = {
    ...serviceFlags,
    key: Flags.string({ summary: 'What the request is told apart by, where endpoints are chosen by a key.' }),
  };

  async run(): Promise<ServiceExplanation> {
    const { args, flags } = await this.parse(ServicesExplain);
    const { explainService } = await import('../../lib/app/service-commands.ts');
    const { formatExplanation } = await import('../../lib/report/explanation.ts');
    const explanation = await explainService(flags, args.service, this.config.version);
    this.log(formatExplanation(explanation));
    return explanation;
  }
}
