import { Args, Flags, FaultlineCommand } from '../../lib/app/base-command.ts';
import { serviceFlags } from '../../lib/app/flags.ts';
import type { ServiceView } from '../../lib/events/service-view.ts';

export default class BreakerClose extends FaultlineCommand {
  static override summary = 'Force a circuit breaker closed: whatever fails, requests go through until it is reset.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> payments',
    '<%= config.bin %> <%= command.id %> payments --endpoint 127.0.0.1:8080',
  ];
  static override args = { service: Args.string({ description: 'Its name.', required: true }) };
  static override flags = {
    ...serviceFlags,
    endpoint: Flags.string({ summary: 'Only that of this endpoint, where each has one.', helpValue: 'ENDPOINT' }),
    route: Flags.string({
      summary: 'Only that of this route, where it has its own.',
      helpValue: 'NAME',
      exclusive: ['endpoint'],
    }),
  };

  async run(): Promise<ServiceView> {
    const { args, flags } = await this.parse(BreakerClose);
    const { orderBreaker } = await import('../../lib/app/service-commands.ts');
    const { formatBreakers } = await import('../../lib/report/services-table.ts');
    const view = await orderBreaker(flags, { service: args.service, to: 'closed', version: this.config.version });
    this.log(formatBreakers(view));
    return view;
  }
}
